/* Searches the documents it brings, with its input as the query. */
#include <toolrack/draft/knowledge.h>

#include "plain.h"

typedef struct visit {
  self* me;
  tr_call call;
} visit;

static void done(void* user, const tr_result* result) {
  visit* v = (visit*)user;
  if (result->status == TR_OK) {
    answer_bytes(v->me, v->call, result->body.data, result->body.size);
  } else {
    char code[64] = {0}, message[400] = {0};
    memcpy(code, result->code.data, result->code.size < 63 ? result->code.size : 63);
    memcpy(message, result->message.data, result->message.size < 399 ? result->message.size : 399);
    answer_error(v->me, v->call, result->status, code, message);
  }
  free(v);
}

static void read_up(void* p, tr_call call, const tr_invocation* in) TR_NOEXCEPT {
  self* me = (self*)p;
  const tr_x_knowledge_api* knowledge =
      (const tr_x_knowledge_api*)me->host->get_service(me->host, TR_SERVICE_X_KNOWLEDGE);
  if (knowledge == NULL || knowledge->upsert != NULL) {
    answer_error(me, call, TR_UNIMPLEMENTED, "service_missing", "there is nothing to search");
    return;
  }
  visit* v = (visit*)calloc(1, sizeof *v);
  v->me = me;
  v->call = call;
  knowledge->search(me->host, call, in->args_json, done, v);
}

static tr_status create(const tr_host* host, const tr_plugin** out) TR_NOEXCEPT {
  *out = &make_self(host, read_up)->plugin;
  return TR_OK;
}
PLAIN_ENTRY(create)

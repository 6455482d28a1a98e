/* Requests as tools make them, and some that a host must refuse. */
#include <stdio.h>

#include "plain.h"

typedef struct visit {
  self* me;
  tr_call call;
  tr_op op;
  size_t chunks, bytes, heads;
  int64_t number;
  int pauses, mode;
  int left;
  tr_http_sink sink;
} visit;
enum { kPlain, kKeep, kStream, kStop, kPause, kShort };

static void finish(visit* v, const tr_result* r) {
  char text[1200];
  tr_str type = {NULL, 0};
  for (size_t i = 0; i < r->field_count; ++i) {
    if (r->fields[i].name.size == 12 && memcmp(r->fields[i].name.data, "content-type", 12) == 0)
      type = r->fields[i].value;
  }
  snprintf(
      text, sizeof text,
      "{\"status\":%d,\"flags\":%u,\"number\":%lld,\"size\":%zu,\"code\":\"%.*s\",\"type\":\"%.*s\",\"chunks\":%zu,"
      "\"bytes\":%zu,\"heads\":%zu,\"head\":%lld,\"retry\":%lld,\"meta\":%.*s}",
      r->status, r->flags, (long long)r->number, r->body.size, (int)r->code.size, r->code.data, (int)type.size,
      type.data, v->chunks, v->bytes, v->heads, (long long)v->number, (long long)r->retry_after_ns,
      r->meta_json.size ? (int)r->meta_json.size : 4, r->meta_json.size ? r->meta_json.data : "null");
  if (v->mode == kKeep) { /* the body itself is the answer, and was never copied */
    tr_outcome out = outcome(TR_OK);
    v->me->call->keep(v->me->host, r, &out.output_json);
    v->me->call->complete(v->me->host, v->call, &out);
  } else {
    answer(v->me, v->call, text);
  }
  free(v);
}

static void done(void* user, const tr_result* r) {
  visit* v = (visit*)user;
  if (--v->left == 0) finish(v, r);
}

static int32_t head(void* user, const tr_result* r) {
  visit* v = (visit*)user;
  ++v->heads;
  v->number = r->number;
  return TR_CHUNK_MORE;
}

static void resume(void* user, const tr_result* r) {
  visit* v = (visit*)user;
  (void)r;
  v->me->call->resume_op(v->me->host, v->op);
}

static int32_t chunk(void* user, tr_str bytes) {
  visit* v = (visit*)user;
  ++v->chunks;
  v->bytes += bytes.size;
  if (v->mode == kStop && v->bytes >= 1000) return TR_CHUNK_STOP;
  if (v->mode == kPause && v->pauses++ == 0) {
    v->me->clock->after(v->me->host, v->call, 1000000, resume, v);
    return TR_CHUNK_PAUSE;
  }
  return TR_CHUNK_MORE;
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  tr_http_request request;
  visit* v = (visit*)calloc(1, sizeof *v);
  tr_field header = {str("X-Test"), str("yes")};
  tr_piece pieces[2] = {{str("{\"half\":"), {NULL, 0}}, {str("\"whole\"}"), {NULL, 0}}};
  v->me = me;
  v->call = call;
  v->left = 1;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.url = str("/data");
  request.provider = str("local");
  request.headers = &header;
  request.header_count = 1;
  if (me->http == NULL) {
    answer_error(me, call, TR_UNIMPLEMENTED, "no_http", "this host has no toolrack.http/1");
    free(v);
    return;
  }
  v->sink.struct_size = sizeof v->sink;
  v->sink.user = v;
  v->sink.head = head;
  v->sink.chunk = chunk;
  if (is_named(in, "stream")) v->mode = kStream;
  if (is_named(in, "stop")) v->mode = kStop;
  if (is_named(in, "pause")) v->mode = kPause;
  if (is_named(in, "keep")) v->mode = kKeep;
  if (v->mode == kStream || v->mode == kStop || v->mode == kPause) request.sink = &v->sink;
  if (is_named(in, "secret")) request.provider = str("paid");
  if (is_named(in, "secret_elsewhere")) { /* at an address that another provider has */
    request.provider = str("paid");
    request.url = str("https://local.example/data");
  }
  if (is_named(in, "secret_unknown")) request.credential = str("gold");
  if (is_named(in, "secret_not_wanted")) {
    request.provider = str("paid");
    request.credential = str("-");
  }
  if (is_named(in, "asset")) request.flags = TR_HTTP_TO_ASSET;
  if (is_named(in, "foreign")) request.url = str("http://not-granted.example/");
  if (is_named(in, "slow")) request.url = str("/slow");
  if (is_named(in, "busy")) request.url = str("/busy");
  if (is_named(in, "short")) request.max_bytes = 10;
  if (is_named(in, "post")) {
    request.method = str("POST");
    request.body = pieces;
    request.body_count = 2;
  }
  if (is_named(in, "post_asset")) { /* the id is all of the input between the third and fourth quote */
    const char* id = (const char*)memchr(in->args_json.data, ':', in->args_json.size) + 2;
    pieces[0].asset.data = id;
    pieces[0].asset.size = (size_t)((const char*)memchr(id, '"', 100) - id);
    request.method = str("POST");
    request.body = pieces;
    request.body_count = 2;
  }
  if (is_named(in, "both")) {
    v->left = 2;
    me->http->send(me->host, call, &request, done, v);
  }
  v->op = me->http->send(me->host, call, &request, done, v);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

/* The source of stored_1_0.so; README.md says how that was built, and why it is never built again.
 *
 * A plugin of ABI 1.0 that knows nothing later. Each struct that it fills in for the host ends where a page ends, and
 * the next page cannot be read: a host that looks behind what 1.0 had, without asking struct_size, dies here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <toolrack/abi.h>
#include <unistd.h>

typedef struct instance {
  const tr_host* host;
  const tr_call_api* call;
  const tr_log_api* log;
  const tr_clock_api* clock;
  const tr_http_api* http;
  const tr_plugin* plugin;
  const tr_state_ext* state;
  long count;
} instance;

typedef struct work {
  instance* me;
  tr_call call;
  tr_http_request* request;
  tr_field* header;
} work;

/* One page that ends with `size` bytes, zeroed, and one that nobody may touch. */
static void* guarded(size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* at = (char*)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == (char*)MAP_FAILED || mprotect(at + page, page, PROT_NONE) != 0) abort();
  return at + page - size;
}
static void unguard(const void* at) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  munmap((void*)((size_t)at / page * page), 2 * page);
}

static tr_str str(const char* text) {
  tr_str out = {text, strlen(text)};
  return out;
}
static int is(tr_str text, const char* other) {
  return text.size == strlen(other) && memcmp(text.data, other, text.size) == 0;
}

static void answer(instance* me, tr_call call, tr_status status, const char* json, const char* message) {
  tr_outcome* out = (tr_outcome*)guarded(sizeof *out);
  tr_part* part = (tr_part*)guarded(sizeof *part);
  part->type = TR_PART_TEXT;
  part->text = str("in words");
  out->struct_size = sizeof *out;
  out->status = status;
  out->output_json.data = json;
  out->output_json.size = strlen(json);
  out->message = str(message);
  if (status == TR_OK) {
    out->parts = part;
    out->part_count = 1;
  } else {
    out->code = str("stored.failed");
  }
  me->call->complete(me->host, call, out);
  unguard(part);
  unguard(out);
}

static void fetched(void* user, const tr_result* result) {
  work* w = (work*)user;
  char text[256];
  tr_str type = {NULL, 0};
  for (size_t i = 0; i < result->field_count; ++i)
    if (is(result->fields[i].name, "content-type")) type = result->fields[i].value;
  snprintf(text, sizeof text, "{\"status\":%d,\"number\":%lld,\"bytes\":%zu,\"type\":\"%.*s\"}", (int)result->status,
           (long long)result->number, result->body.size, (int)type.size, type.data == NULL ? "" : type.data);
  if (result->status == TR_OK)
    answer(w->me, w->call, TR_OK, text, "");
  else
    answer(w->me, w->call, result->status, "{}", "the request failed");
  unguard(w->header);
  unguard(w->request);
  free(w);
}

static void fetch(instance* me, tr_call call) {
  work* w = (work*)calloc(1, sizeof *w);
  if (w == NULL || me->http == NULL) {
    free(w);
    answer(me, call, TR_FAILED_PRECONDITION, "{}", "this host has no HTTP");
    return;
  }
  w->me = me;
  w->call = call;
  w->header = (tr_field*)guarded(sizeof *w->header);
  w->header->name = str("x-stored");
  w->header->value = str("1.0");
  w->request = (tr_http_request*)guarded(sizeof *w->request);
  w->request->struct_size = sizeof *w->request;
  w->request->method = str("GET");
  w->request->url = str("/stored");
  w->request->provider = str("local");
  w->request->headers = w->header;
  w->request->header_count = 1;
  me->http->send(me->host, call, w->request, fetched, w);
}

static void waited(void* user, const tr_result* result) {
  work* w = (work*)user;
  answer(w->me, w->call, result->status, "{\"waited\":true}", "");
  free(w);
}

static void wait_a_moment(instance* me, tr_call call) {
  work* w = (work*)calloc(1, sizeof *w);
  if (w == NULL) return answer(me, call, TR_RESOURCE_EXHAUSTED, "{}", "no memory");
  w->me = me;
  w->call = call;
  me->log->write(me->host, call, TR_LOG_INFO, str("stored plugin waits"), str("{\"abi\":\"1.0\"}"));
  me->call->progress(me->host, call, 1, 2, str("half"));
  me->clock->after(me->host, call, 1000000, waited, w);
}

static void invoke(void* self, tr_call call, const tr_invocation* in) {
  instance* me = (instance*)self;
  char text[64];
  if (in->kind != TR_SKILL) return answer(me, call, TR_UNIMPLEMENTED, "{}", "only skills");
  if (is(in->name, "fetch")) return fetch(me, call);
  if (is(in->name, "wait")) return wait_a_moment(me, call);
  if (is(in->name, "fail")) return answer(me, call, TR_TOOL_ERROR, "{}", "as it was told to");
  if (!is(in->name, "count")) return answer(me, call, TR_UNIMPLEMENTED, "{}", "no such skill");
  snprintf(text, sizeof text, "{\"count\":%ld,\"input\":%zu}", __atomic_add_fetch(&me->count, 1, __ATOMIC_SEQ_CST),
           in->args_json.size);
  answer(me, call, TR_OK, text, "");
}

static void forget(void* owner) { free(owner); }

static tr_status save(void* self, uint32_t phase, tr_buffer* out) {
  instance* me = (instance*)self;
  char* text = (char*)malloc(32);
  (void)phase;
  if (text == NULL) return TR_RESOURCE_EXHAUSTED;
  out->data = text;
  out->size = (size_t)snprintf(text, 32, "%ld", __atomic_load_n(&me->count, __ATOMIC_SEQ_CST));
  out->release = forget;
  out->owner = text;
  return TR_OK;
}

static tr_status load(void* self, uint32_t phase, tr_str saved) {
  instance* me = (instance*)self;
  char text[32] = {0};
  if (phase != TR_STATE_LIVE || saved.size >= sizeof text) return TR_INVALID_ARGUMENT;
  memcpy(text, saved.data, saved.size);
  __atomic_store_n(&me->count, atol(text), __ATOMIC_SEQ_CST);
  return TR_OK;
}

static const void* get_extension(void* self, const char* id) {
  return strcmp(id, TR_EXT_STATE) == 0 ? ((instance*)self)->state : NULL;
}

static tr_status start(void* self, const tr_start* in) {
  instance* me = (instance*)self;
  const tr_host* host = me->host;
  if (in->manifest_json.size == 0) return TR_FAILED_PRECONDITION;
  me->call = (const tr_call_api*)host->get_service(host, TR_SERVICE_CALL);
  me->log = (const tr_log_api*)host->get_service(host, TR_SERVICE_LOG);
  me->clock = (const tr_clock_api*)host->get_service(host, TR_SERVICE_CLOCK);
  me->http = (const tr_http_api*)host->get_service(host, TR_SERVICE_HTTP);
  return TR_OK;
}

static void destroy(void* self) {
  instance* me = (instance*)self;
  unguard(me->state);
  unguard(me->plugin);
  free(me);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  instance* me = (instance*)calloc(1, sizeof *me);
  if (me == NULL) return TR_RESOURCE_EXHAUSTED;
  tr_plugin* plugin = (tr_plugin*)guarded(sizeof *plugin);
  tr_state_ext* state = (tr_state_ext*)guarded(sizeof *state);
  state->struct_size = sizeof *state;
  state->save = save;
  state->load = load;
  plugin->struct_size = sizeof *plugin;
  plugin->self = me;
  plugin->start = start;
  plugin->invoke = invoke;
  plugin->destroy = destroy;
  plugin->get_extension = get_extension;
  me->host = host;
  me->plugin = plugin;
  me->state = state;
  *out = plugin;
  return TR_OK;
}

TR_EXPORT const tr_entry* toolrack_entry_v1(void);
TR_EXPORT const tr_entry* toolrack_entry_v1(void) {
  static tr_entry* entry; /* Asked for once for each load. */
  if (entry == NULL) {
    entry = (tr_entry*)guarded(sizeof *entry);
    entry->struct_size = sizeof *entry;
    entry->abi_major = 1;
    entry->abi_minor = 0;
    entry->create = create;
  }
  return entry;
}

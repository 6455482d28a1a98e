/* What the plugins of the tests share: an instance, its services, and short answers. abi.h only. */
#ifndef TESTS_PLUGINS_PLAIN_H
#define TESTS_PLUGINS_PLAIN_H
#include <stdlib.h>
#include <string.h>
#include <toolrack/abi.h>

typedef struct self {
  tr_plugin plugin;
  const tr_host* host;
  const tr_call_api* call;
  const tr_log_api* log;
  const tr_clock_api* clock;
  const tr_executor_api* executor;
  const tr_http_api* http;
  void* more;
} self;

static inline tr_str str(const char* text) {
  tr_str out = {text, text == NULL ? 0 : strlen(text)};
  return out;
}

static inline int is_named(const tr_invocation* in, const char* name) {
  return in->name.size == strlen(name) && memcmp(in->name.data, name, in->name.size) == 0;
}

static inline tr_outcome outcome(tr_status status) {
  tr_outcome out;
  memset(&out, 0, sizeof out);
  out.struct_size = sizeof out;
  out.status = status;
  return out;
}

/* Borrowed: the host copies it. */
static inline void answer_bytes(self* me, tr_call call, const void* data, size_t size) {
  tr_outcome out = outcome(TR_OK);
  out.output_json.data = data;
  out.output_json.size = size;
  me->call->complete(me->host, call, &out);
}
static inline void answer(self* me, tr_call call, const char* json) { answer_bytes(me, call, json, strlen(json)); }

static inline void answer_error(self* me, tr_call call, tr_status status, const char* code, const char* message) {
  tr_outcome out = outcome(status);
  out.code = str(code);
  out.message = str(message);
  me->call->complete(me->host, call, &out);
}

static inline void get_services(self* me) {
  me->call = (const tr_call_api*)me->host->get_service(me->host, TR_SERVICE_CALL);
  me->log = (const tr_log_api*)me->host->get_service(me->host, TR_SERVICE_LOG);
  me->clock = (const tr_clock_api*)me->host->get_service(me->host, TR_SERVICE_CLOCK);
  me->executor = (const tr_executor_api*)me->host->get_service(me->host, TR_SERVICE_EXECUTOR);
  me->http = (const tr_http_api*)me->host->get_service(me->host, TR_SERVICE_HTTP);
}

static tr_status plain_start(void* p, const tr_start* in) TR_NOEXCEPT {
  (void)in;
  get_services((self*)p);
  return TR_OK;
}
static void plain_destroy(void* p) TR_NOEXCEPT { free(p); }

static inline self* make_self(const tr_host* host, void (*invoke)(void*, tr_call, const tr_invocation*) TR_NOEXCEPT) {
  self* me = (self*)calloc(1, sizeof *me);
  me->host = host;
  me->plugin.struct_size = sizeof me->plugin;
  me->plugin.self = me;
  me->plugin.start = plain_start;
  me->plugin.invoke = invoke;
  me->plugin.destroy = plain_destroy;
  return me;
}

#ifndef ENTRY_MAJOR
#define ENTRY_MAJOR TR_ABI_MAJOR
#endif
#ifndef ENTRY_MIN_MINOR
#define ENTRY_MIN_MINOR 0
#endif
#define PLAIN_ENTRY(create)                                                                                    \
  TR_EXPORT const tr_entry* toolrack_entry_v1(void);                                                           \
  TR_EXPORT const tr_entry* toolrack_entry_v1(void) {                                                          \
    static const tr_entry entry = {sizeof(tr_entry), ENTRY_MAJOR, TR_ABI_MINOR, ENTRY_MIN_MINOR, 0, (create)}; \
    return &entry;                                                                                             \
  }
#endif

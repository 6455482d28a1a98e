/* A skill that sends one request and answers how long its input was; FAULT plants one fault. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

enum {
  NONE,
  NEVER_COMPLETES,    /* when the server fails */
  COMPLETES_TWICE,    /* when the server cannot be reached */
  IGNORES_CANCEL,     /* asks again, whatever the reason was */
  STEP_NOT_ENDED,     /* once.begin() without end() */
  GOES_ON_UNANSWERED, /* a question was left open, and it completes all the same */
  CRASHES_ON_INPUT,   /* a text that is longer than its author thought */
  BREAKS_ITS_SCHEMA,  /* a number as text, for one input in four */
  ASKS_IN_CREATE,     /* services before start() */
  KEEPS_FOR_EVER,     /* a body that is never released */
  NEEDS_EVERYTHING,   /* does not look whether a service is there */
  MIXES_CALLS,        /* the call's length in a static variable */
  LEAVES_DESCRIPTORS, /* opened in create(), closed by nobody */
  ENDS_THE_PROCESS,   /* as if all were well */
  READS_BEHIND_HOST,  /* what a later tr_host might have, without a look at its size */
  EXPLAINS_UNASKED,   /* calls a function that this host may not have */
  WANTS_ITS_SIZE,     /* an invocation exactly as long as it knows it */
  NEEDS_NEWER_LIBRARY /* a symbol version that Debian 12 does not have; newer_library.c has it */
};

typedef struct work {
  self* me;
  tr_call call;
  size_t length;
  int count;
  int tries;
} work;

static size_t last_length;

int toolrack_tests_newer(void);

static void request(work* w);

/* A sanitizer would see it on every host. */
__attribute__((no_sanitize_address)) static char byte_behind(const tr_host* host) {
  return *(const volatile char*)(host + 1);
}

static void finish(work* w, tr_status status) {
  char text[64];
  if (status != TR_OK) {
    answer_error(w->me, w->call, status, "planted", "The server did not answer.");
  } else {
    const size_t length = FAULT == MIXES_CALLS ? last_length : w->length;
    snprintf(text, sizeof text,
             FAULT == BREAKS_ITS_SCHEMA && w->count == 0 ? "{\"length\":\"%zu\"}" : "{\"length\":%zu}", length);
    answer(w->me, w->call, text);
  }
  if (FAULT != COMPLETES_TWICE || status == TR_OK) free(w);
}

static void answered(void* user, const tr_result* result) {
  work* w = (work*)user;
  if (FAULT == NEVER_COMPLETES && result->status == TR_OK && result->number >= 500) return;
  if (FAULT == IGNORES_CANCEL && result->status != TR_OK) return request(w);
  if (FAULT == KEEPS_FOR_EVER && result->status == TR_OK) {
    tr_buffer body;
    w->me->call->keep(w->me->host, result, &body);
  }
  if (result->status != TR_OK) finish(w, result->status == TR_CANCELLED ? TR_CANCELLED : TR_UNAVAILABLE);
  if (FAULT == COMPLETES_TWICE || result->status == TR_OK) finish(w, TR_OK);
}

static void request(work* w) {
  tr_http_request out;
  memset(&out, 0, sizeof out);
  out.struct_size = sizeof out;
  out.method = str("GET");
  out.url = str("https://planted.example/");
  w->me->http->send(w->me->host, w->call, &out, answered, w);
}

static void begun(void* user, const tr_result* result) {
  (void)result;
  request((work*)user);
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  if (!is_named(in, "measure")) return answer_error(me, call, TR_UNIMPLEMENTED, "", "no such skill");
  if (FAULT != NEEDS_EVERYTHING && me->http == NULL)
    return answer_error(me, call, TR_FAILED_PRECONDITION, "", "this host has no HTTP");
  if (FAULT == ENDS_THE_PROCESS) _exit(0);
  if (FAULT == READS_BEHIND_HOST) byte_behind(me->host);
  if (FAULT == WANTS_ITS_SIZE && in->struct_size != sizeof *in)
    return answer_error(me, call, TR_INVALID_ARGUMENT, "", "this host is of another version");
  work* w = (work*)calloc(1, sizeof *w);
  w->me = me;
  w->call = call;
  w->length = last_length = in->args_json.size;
  w->count = memmem(in->args_json.data, in->args_json.size, "\"count\":0", 9) != NULL ? 0 : 1;
  if (FAULT == CRASHES_ON_INPUT && in->args_json.size > 60) *(volatile char*)NULL = 1;
  if (FAULT == STEP_NOT_ENDED) {
    const tr_once_api* once = (const tr_once_api*)me->host->get_service(me->host, TR_SERVICE_ONCE);
    if (once != NULL) return (void)once->begin(me->host, call, str("step"), begun, w);
  }
  if (FAULT == GOES_ON_UNANSWERED) {
    const tr_ask_api* ask = (const tr_ask_api*)me->host->get_service(me->host, TR_SERVICE_ASK);
    tr_question question;
    memset(&question, 0, sizeof question);
    question.struct_size = sizeof question;
    question.type = TR_ASK_FORM;
    question.key = str("sure");
    question.message = str("Sure?");
    question.params_json = str("{\"type\":\"object\",\"properties\":{}}");
    if (ask != NULL) return (void)ask->ask(me->host, call, &question, begun, w);
  }
  request(w);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  self* me = make_self(host, invoke);
  if (FAULT == ASKS_IN_CREATE) get_services(me);
  if (FAULT == EXPLAINS_UNASKED) host->explain(host, str("all is well"));
  if (FAULT == NEEDS_NEWER_LIBRARY && toolrack_tests_newer() != 0) return TR_INTERNAL;
  if (FAULT == LEAVES_DESCRIPTORS && open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return TR_INTERNAL;
  *out = &me->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

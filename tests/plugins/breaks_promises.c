/* One broken promise a skill. */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "plain.h"

typedef struct state {
  _Atomic tr_call forgotten; /* a call that cancel() leaves alone until "release_late" */
  _Atomic tr_call cancellable;
  atomic_int released;
} state;

static void release_late_buffer(void* owner) { atomic_fetch_add(&((state*)((self*)owner)->more)->released, 1); }

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  state* s = (state*)me->more;
  if (is_named(in, "completes_twice") || is_named(in, "completes_twice_pooled")) {
    answer(me, call, "{\"answer\":1}");
    answer(me, call, "{\"answer\":2}");
  } else if (is_named(in, "never") || is_named(in, "never_pooled")) {
    /* nothing */
  } else if (is_named(in, "until_cancelled")) {
    atomic_store(&s->cancellable, call);
  } else if (is_named(in, "late")) {
    atomic_store(&s->forgotten, call);
  } else if (is_named(in, "release_late")) {
    const tr_call late = atomic_exchange(&s->forgotten, 0);
    if (late != 0) {
      tr_outcome out = outcome(TR_OK);
      tr_buffer buffer = {"{}", 2, release_late_buffer, me};
      out.output_json = buffer;
      me->call->complete(me->host, late, &out);
    }
    answer(me, call, late != 0 ? "{\"late\":true}" : "{\"late\":false}");
  } else if (is_named(in, "released")) {
    char text[64];
    snprintf(text, sizeof text, "{\"released\":%d}", atomic_load(&s->released));
    answer(me, call, text);
  } else if (is_named(in, "bad_json")) {
    answer(me, call, "{\"open\":");
  } else if (is_named(in, "trailing")) {
    answer(me, call, "{} {}");
  } else if (is_named(in, "deep")) {
    char text[400];
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    answer_bytes(me, call, text, sizeof text);
  } else if (is_named(in, "bad_utf8")) {
    answer(me, call, "{\"text\":\"\xff\xfe\"}");
  } else if (is_named(in, "bad_message")) {
    answer_error(me, call, TR_TOOL_ERROR, "x", "bad \xc3 text");
  } else if (is_named(in, "bad_part")) {
    tr_part part;
    tr_outcome out = outcome(TR_OK);
    memset(&part, 0, sizeof part);
    part.type = 99;
    tr_buffer bytes = {"x", 1, release_late_buffer, me};
    part.bytes = bytes;
    out.parts = &part;
    out.part_count = 1;
    me->call->complete(me->host, call, &out);
  } else if (is_named(in, "small_outcome")) {
    tr_outcome out = outcome(TR_OK);
    out.struct_size = 8;
    me->call->complete(me->host, call, &out);
  } else if (is_named(in, "no_outcome")) {
    me->call->complete(me->host, call, NULL);
  } else if (is_named(in, "suspended")) {
    tr_outcome out = outcome(TR_SUSPENDED);
    me->call->complete(me->host, call, &out);
  } else if (is_named(in, "slow")) {
    struct timespec begin, now;
    // Of the processor, not of the wall: on a busy machine they differ.
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000000LL + (now.tv_nsec - begin.tv_nsec) < 3000000);
    answer(me, call, "{}");
  } else if (is_named(in, "big")) {
    const size_t size = 50u << 20;
    char* text = (char*)malloc(size);
    memset(text, 'x', size);
    text[0] = text[size - 1] = '"';
    tr_outcome out = outcome(TR_OK);
    tr_buffer buffer = {text, size, free, text};
    out.output_json = buffer;
    me->call->complete(me->host, call, &out);
  } else {
    answer_error(me, call, TR_UNIMPLEMENTED, "", "no such skill");
  }
}

static void cancel(void* p, tr_call call) {
  self* me = (self*)p;
  state* s = (state*)me->more;
  tr_call expected = call;
  if (atomic_compare_exchange_strong(&s->cancellable, &expected, 0)) {
    if (me->call->is_cancelled(me->host, call)) answer_error(me, call, TR_CANCELLED, "", "stopped as asked");
  }
}

static void destroy(void* p) {
  free(((self*)p)->more);
  free(p);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  self* me = make_self(host, invoke);
  me->more = calloc(1, sizeof(state));
  me->plugin.cancel = cancel;
  me->plugin.destroy = destroy;
  *out = &me->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

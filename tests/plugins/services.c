/* One skill for each thing that a host offers. */
#include <stdatomic.h>
#include <stdio.h>

#include "plain.h"

static const int64_t kHour = 3600000000000;
static const int64_t kMillisecond = 1000000;

typedef struct counts {
  atomic_int late_dones, pauses;
} counts;

typedef struct visit {
  self* me;
  tr_call call;
  int frames;      /* ended so far */
  atomic_int busy; /* a frame runs */
  int overlaps;
  int want;
  tr_status status;
  char order[16];
} visit;

static visit* new_visit(self* me, tr_call call) {
  visit* v = (visit*)calloc(1, sizeof *v);
  v->me = me;
  v->call = call;
  return v;
}

static void answer_status(visit* v) {
  char text[96];
  snprintf(text, sizeof text, "{\"status\":%d,\"order\":\"%s\",\"overlaps\":%d}", v->status, v->order, v->overlaps);
  answer(v->me, v->call, text);
  free(v);
}

static void done_answers(void* user, const tr_result* result) {
  visit* v = (visit*)user;
  v->status = result->status;
  answer_status(v);
}

static void done_notes(void* user, const tr_result* result) {
  visit* v = (visit*)user;
  v->status = result->status;
  ++v->frames;
}
static void slow_is_done(void* user, const tr_result* result) {
  done_notes(user, result);
  strcat(((visit*)user)->order, "s");
}
static void fast_is_done(void* user, const tr_result* result) {
  done_notes(user, result);
  strcat(((visit*)user)->order, "f");
}

static void task_answers(void* user) { answer_status((visit*)user); }

/* --- order and overlap */
static void step(visit* v, char letter) {
  if (atomic_exchange(&v->busy, 1) != 0) ++v->overlaps;
  v->order[v->frames++] = letter;
  atomic_store(&v->busy, 0);
  if (v->frames == v->want) answer_status(v);
}
static void task_a(void* user) { step((visit*)user, 'a'); }
static void task_b(void* user) { step((visit*)user, 'b'); }
static void task_c(void* user) { step((visit*)user, 'c'); }

static void done_late(void* user, const tr_result* result) {
  self* me = (self*)user;
  if (result->status == TR_CANCELLED) atomic_fetch_add(&((counts*)me->more)->late_dones, 1);
}

/* --- partial results with back-pressure */
typedef struct flow {
  self* me;
  tr_call call;
  int sent, pauses, released;
} flow;
static char big_text[100000];
static void pump(flow* f);
static void writable_again(void* user, const tr_result* result) {
  (void)result;
  pump((flow*)user);
}
static void pump(flow* f) {
  while (f->sent < 20) {
    tr_part part;
    memset(&part, 0, sizeof part);
    part.type = TR_PART_TEXT;
    part.text.data = big_text;
    part.text.size = sizeof big_text;
    const int32_t said = f->me->call->emit(f->me->host, f->call, &part);
    ++f->sent;
    if (said == 2) break;
    if (said == 1) {
      ++f->pauses;
      atomic_fetch_add(&((counts*)f->me->more)->pauses, 1);
      f->me->call->writable(f->me->host, f->call, writable_again, f);
      return;
    }
  }
  char text[96];
  snprintf(text, sizeof text, "{\"sent\":%d,\"paused\":%s}", f->sent, f->pauses > 0 ? "true" : "false");
  answer(f->me, f->call, text);
  free(f);
}

static void append(char* text, size_t room, const char* name, tr_str value) {
  const size_t at = strlen(text);
  snprintf(text + at, room - at, "%s\"%s\":\"%.*s\"", at > 1 ? "," : "", name, (int)value.size, value.data);
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  const tr_host* host = me->host;
  visit* v = new_visit(me, call);
  if (is_named(in, "after") || is_named(in, "after_pooled")) {
    me->clock->after(host, call, kMillisecond, done_answers, v);
  } else if (is_named(in, "after_long")) {
    me->clock->after(host, call, kHour, done_answers, v);
  } else if (is_named(in, "after_blocking")) {
    const tr_op op = me->clock->after(host, call, kMillisecond, done_notes, v);
    me->call->wait(host, call, op);
    snprintf(v->order, sizeof v->order, "%d", v->frames);
    answer_status(v);
  } else if (is_named(in, "two_waits")) {
    const tr_op slow = me->clock->after(host, call, 20 * kMillisecond, slow_is_done, v);
    const tr_op fast = me->clock->after(host, call, kMillisecond, fast_is_done, v);
    me->call->wait(host, call, slow);
    me->call->wait(host, call, fast); /* over already: misuse is not counted for an operation that was ours */
    answer_status(v);
  } else if (is_named(in, "misplaced_wait")) {
    const tr_op op = me->clock->after(host, call, kMillisecond, done_answers, v);
    me->call->wait(host, call, op);
  } else if (is_named(in, "cancelled_after")) {
    const tr_op op = me->clock->after(host, call, kHour, done_answers, v);
    me->call->cancel_op(host, op);
  } else if (is_named(in, "post")) {
    me->executor->post(host, call, task_answers, v);
  } else if (is_named(in, "post_blocking")) {
    me->executor->post_blocking(host, call, task_answers, v);
  } else if (is_named(in, "ordered")) {
    v->want = 3;
    atomic_store(&v->busy, 1); /* none of them may run before we have returned */
    me->executor->post(host, call, task_a, v);
    me->executor->post(host, call, task_b, v);
    me->executor->post(host, call, task_c, v);
    atomic_store(&v->busy, 0);
  } else if (is_named(in, "info")) {
    char text[600] = "{";
    append(text, sizeof text, "call_id", me->call->info(host, call, TR_INFO_CALL_ID));
    append(text, sizeof text, "account", me->call->info(host, call, TR_INFO_ACCOUNT));
    append(text, sizeof text, "transport", me->call->info(host, call, TR_INFO_TRANSPORT));
    append(text, sizeof text, "client", me->call->info(host, call, TR_INFO_CLIENT));
    append(text, sizeof text, "config", me->call->info(host, call, TR_INFO_CONFIG));
    if (in->backend != NULL) append(text, sizeof text, "backend", in->backend->provider);
    strcat(text, "}");
    answer(me, call, text);
    free(v);
  } else if (is_named(in, "progress")) {
    me->call->progress(host, call, 1, 3, str("one"));
    me->call->progress(host, call, 2, 3, str("two"));
    answer_status(v);
  } else if (is_named(in, "partials")) {
    flow* f = (flow*)calloc(1, sizeof *f);
    f->me = me;
    f->call = call;
    free(v);
    memset(big_text, 'x', sizeof big_text);
    pump(f);
  } else if (is_named(in, "pauses")) {
    char text[64];
    snprintf(text, sizeof text, "{\"pauses\":%d}", atomic_load(&((counts*)me->more)->pauses));
    answer(me, call, text);
    free(v);
  } else if (is_named(in, "clock")) {
    char text[96];
    snprintf(text, sizeof text, "{\"unix\":%lld,\"monotonic\":%lld}", (long long)me->clock->unix_ns(host, call),
             (long long)me->clock->monotonic_ns(host, call));
    answer(me, call, text);
    free(v);
  } else if (is_named(in, "random")) {
    unsigned char bytes[32] = {0};
    int zeros = 0;
    me->clock->random(host, call, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; ++i) zeros += bytes[i] == 0;
    for (size_t i = 0; i < 7; ++i) snprintf(v->order + 2 * i, 3, "%02x", bytes[i]);
    v->status = zeros > 16 ? TR_INTERNAL : TR_OK;
    answer_status(v);
  } else if (is_named(in, "log")) {
    me->log->write(host, call, TR_LOG_DEBUG, str("a line of the tests"), str("{\"n\":1}"));
    v->status = me->log->enabled(host, call, TR_LOG_EMERGENCY) ? TR_OK : TR_INTERNAL;
    answer_status(v);
  } else if (is_named(in, "news")) {
    const tr_catalog_api* catalog = (const tr_catalog_api*)host->get_service(host, TR_SERVICE_CATALOG);
    catalog->changed(host, call, TR_LIST_SKILLS);
    catalog->changed(host, 0, TR_LIST_PROMPTS);
    catalog->resource_updated(host, call, str("test://one"));
    answer_status(v);
  } else if (is_named(in, "wrong_news")) {
    const tr_catalog_api* catalog = (const tr_catalog_api*)host->get_service(host, TR_SERVICE_CATALOG);
    catalog->changed(host, call, TR_SKILL);
    catalog->resource_updated(host, call, str(""));
    answer_status(v);
  } else if (is_named(in, "checkpoint")) {
    me->call->checkpoint(host, call, str("state"), done_answers, v);
  } else if (is_named(in, "unknown_service")) {
    v->status = host->get_service(host, "toolrack.kv/1") == NULL ? TR_OK : TR_INTERNAL;
    answer_status(v);
  } else if (is_named(in, "foreign_op")) {
    me->call->cancel_op(host, 0x123400000001);
    me->call->resume_op(host, 77);
    answer_status(v);
  } else if (is_named(in, "after_complete")) {
    me->clock->after(host, call, kHour, done_late, me);
    answer(me, call, "{}");
    me->clock->after(host, call, kHour, done_late, me); /* the handle is stale: cancelled, as the plugin's own */
    free(v);
  } else if (is_named(in, "late_dones")) {
    char text[64];
    snprintf(text, sizeof text, "{\"late\":%d}", atomic_load(&((counts*)me->more)->late_dones));
    answer(me, call, text);
    free(v);
  } else {
    answer_error(me, call, TR_UNIMPLEMENTED, "", "no such skill");
    free(v);
  }
}

static void destroy(void* p) {
  free(((self*)p)->more);
  free(p);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  self* me = make_self(host, invoke);
  me->more = calloc(1, sizeof(counts));
  me->plugin.destroy = destroy;
  *out = &me->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

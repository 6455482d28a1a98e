/* Each call takes a millisecond; the answer says how many were running at once, at most. */
#include <stdatomic.h>
#include <stdio.h>

#include "plain.h"

typedef struct counts {
  atomic_int running, most;
} counts;
typedef struct visit {
  self* me;
  tr_call call;
} visit;

static void finish(void* user, const tr_result* result) {
  visit* v = (visit*)user;
  counts* all = (counts*)v->me->more;
  char text[64];
  snprintf(text, sizeof text, "{\"most\":%d}", atomic_load(&all->most));
  atomic_fetch_sub(&all->running, 1);
  if (result->status == TR_OK)
    answer(v->me, v->call, text);
  else
    answer_error(v->me, v->call, result->status, "", "");
  free(v);
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  counts* all = (counts*)me->more;
  const int now = atomic_fetch_add(&all->running, 1) + 1;
  int most = atomic_load(&all->most);
  while (now > most && !atomic_compare_exchange_weak(&all->most, &most, now)) {
  }
  visit* v = (visit*)malloc(sizeof *v);
  v->me = me;
  v->call = call;
  (void)in;
  me->clock->after(me->host, call, 1000000, finish, v);
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

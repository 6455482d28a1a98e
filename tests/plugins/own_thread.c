/* A thread of its own from start() to destroy(), which joins it; it answers the calls. */
#include <pthread.h>
#include <stdio.h>

#include "plain.h"

typedef struct worker {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  tr_call calls[64];
  size_t count;
  int ends, answered;
} worker;

static void* run(void* user) {
  self* me = (self*)user;
  worker* w = (worker*)me->more;
  pthread_mutex_lock(&w->mutex);
  while (!w->ends) {
    if (w->count == 0) {
      pthread_cond_wait(&w->wake, &w->mutex);
      continue;
    }
    char text[64];
    const tr_call call = w->calls[--w->count];
    snprintf(text, sizeof text, "{\"answered\":%d}", ++w->answered);
    answer(me, call, text); /* with our lock held: the host does not enter us from in there */
  }
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

static tr_status start(void* p, const tr_start* in) {
  self* me = (self*)p;
  (void)in;
  get_services(me);
  worker* w = (worker*)me->more;
  pthread_create(&w->thread, NULL, run, me);
  return TR_OK;
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  worker* w = (worker*)((self*)p)->more;
  (void)in;
  pthread_mutex_lock(&w->mutex);
  w->calls[w->count++] = call;
  pthread_cond_signal(&w->wake);
  pthread_mutex_unlock(&w->mutex);
}

static void destroy(void* p) {
  worker* w = (worker*)((self*)p)->more;
  pthread_mutex_lock(&w->mutex);
  w->ends = 1;
  pthread_cond_signal(&w->wake);
  pthread_mutex_unlock(&w->mutex);
  pthread_join(w->thread, NULL);
  pthread_mutex_destroy(&w->mutex);
  pthread_cond_destroy(&w->wake);
  free(w);
  free(p);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  self* me = make_self(host, invoke);
  worker* w = (worker*)calloc(1, sizeof *w);
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->wake, NULL);
  me->more = w;
  me->plugin.start = start;
  me->plugin.destroy = destroy;
  *out = &me->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

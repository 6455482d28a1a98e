/* Does not come back from where it should return at once, until somebody opens the pipe that TOOLRACK_TESTS_GATE names
   for writing; WITHOUT_GATE never. */
#include <fcntl.h>
#include <unistd.h>

#include "plain.h"

static void hang(void) {
#ifdef WITHOUT_GATE
  for (;;) pause();
#endif
  const char* gate = getenv("TOOLRACK_TESTS_GATE");
  if (gate != NULL) close(open(gate, O_RDONLY));
}

#ifdef HANG_IN_CONSTRUCTOR
__attribute__((constructor)) static void begin(void) { hang(); }
#endif

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  (void)in;
#ifdef HANG_IN_INVOKE
  hang();
#endif
  answer((self*)p, call, "{}");
}

static tr_status start(void* p, const tr_start* in) {
#ifdef HANG_IN_START
  hang();
#endif
  return plain_start(p, in);
}

#ifdef HANG_IN_STOP
static void stop(void* p) {
  (void)p;
  hang();
}
#endif

static tr_status create(const tr_host* host, const tr_plugin** out) {
  self* me = make_self(host, invoke);
#ifdef HANG_IN_CREATE
  hang();
#endif
  me->plugin.start = start;
#ifdef HANG_IN_STOP
  me->plugin.stop = stop;
#endif
  *out = &me->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

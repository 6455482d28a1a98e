/* Ends its process, or brings it to its limits, in the ways that code does. For worker processes alone. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plain.h"

static void answer_number(self* me, tr_call call, const char* name, long value) {
  char text[96];
  snprintf(text, sizeof text, "{\"%s\":%ld}", name, value);
  answer(me, call, text);
}

/* Memory that is really used, up to a bound of our own: the machine is other people's too. */
static long eat(long most) {
  const size_t step = 16 << 20;
  long eaten = 0;
  while (eaten < most) {
    volatile char* block = (volatile char*)malloc(step); /* volatile: or nothing would be asked for */
    if (block == NULL) break;
    for (size_t i = 0; i < step; i += 4096) block[i] = 1;
    eaten += (long)step;
  }
  return eaten;
}

/* Gives the gateway memory that could be taken away again, and says that a frame lies in it. */
static void offer_memory_without_seals(void) {
  const struct {
    unsigned length, type;
    unsigned long long id, size;
  } frame = {20, 32 /* FrameType::kInMemory */, 0, 1 << 20};
  const int memory = (int)syscall(SYS_memfd_create, "loose", 3 /* MFD_CLOEXEC | MFD_ALLOW_SEALING */);
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec piece = {(void*)&frame, 1};
  struct msghdr message;
  memset(&message, 0, sizeof message);
  memset(&control, 0, sizeof control);
  if (memory < 0 || ftruncate(memory, 1 << 20) != 0) return;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.room;
  message.msg_controllen = sizeof control.room;
  control.head.cmsg_level = SOL_SOCKET;
  control.head.cmsg_type = SCM_RIGHTS;
  control.head.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.head), &memory, sizeof memory);
  sendmsg(4, &message, MSG_NOSIGNAL); /* host/worker/options.hpp says which socket is which. */
  send(3, &frame, sizeof frame, MSG_NOSIGNAL);
  if (ftruncate(memory, 0) != 0) return;
}

static int count_one(struct dl_phdr_info* library, size_t size, void* count) {
  (void)library;
  (void)size;
  ++*(long*)count;
  return 0;
}

static void answer_later(void* user, const tr_result* result) {
  (void)user;
  (void)result;
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  if (is_named(in, "segv")) {
    signal(SIGSEGV, SIG_DFL); /* Sanitizers have a handler of their own. */
    *(volatile int*)8 = 1;
  } else if (is_named(in, "abort")) {
    abort();
  } else if (is_named(in, "kill")) {
    kill(getpid(), SIGKILL);
  } else if (is_named(in, "exit")) {
    _exit(3);
  } else if (is_named(in, "hang")) {
    for (;;) sched_yield();
  } else if (is_named(in, "memory")) {
    answer_number(me, call, "mebibytes", eat(3L << 30) >> 20);
  } else if (is_named(in, "overrun")) {
    volatile char* block = (volatile char*)malloc(3UL << 30); /* As code that does not look. */
    block[0] = 1;
    answer(me, call, "{}");
  } else if (is_named(in, "fork")) {
    long made = 0;
    for (int i = 0; i < 8; ++i) { /* A few are enough to tell, and harm nobody. */
      const pid_t child = fork();
      if (child == 0) _exit(0);
      if (child > 0) ++made;
    }
    answer_number(me, call, "made", made);
  } else if (is_named(in, "descriptors")) {
    long opened = 0;
    while (opened < 5000 && open("/dev/null", O_RDONLY) >= 0) ++opened;
    answer_number(me, call, "opened", opened);
  } else if (is_named(in, "unsealed")) {
    offer_memory_without_seals();
    me->clock->after(me->host, call, 3600000000000, answer_later, NULL);
  } else if (is_named(in, "says")) {
    fputs("one word to the operator\n", stderr);
    answer(me, call, "{}");
  } else if (is_named(in, "shouts")) {
    for (int i = 0; i < 20000; ++i) fprintf(stderr, "%d: the same again and again\n", i);
    answer(me, call, "{}");
  } else if (is_named(in, "stops")) {
    kill(getpid(), SIGSTOP);
    for (;;) sleep(1); /* All threads stop, but not all in the same moment. */
  } else if (is_named(in, "endless")) {
    static char piece[64 << 10];
    tr_part part;
    memset(&part, 0, sizeof part);
    memset(piece, 'x', sizeof piece);
    part.type = TR_PART_TEXT;
    part.text.data = piece;
    part.text.size = sizeof piece;
    while (me->call->emit(me->host, call, &part) != 2) {
    }
    answer(me, call, "{}");
  } else if (is_named(in, "garbage")) {
    for (int fd = 3; fd < 16; ++fd) {
      const char noise[] = "these bytes are no frame at all, and there are enough of them";
      if (write(fd, noise, sizeof noise) < 0) continue;
    }
    me->clock->after(me->host, call, 3600000000000, answer_later, NULL);
  } else if (is_named(in, "waits")) {
    me->clock->after(me->host, call, 3600000000000, answer_later, NULL);
  } else if (is_named(in, "who")) {
    answer_number(me, call, "process", (long)getpid());
  } else if (is_named(in, "libraries")) {
    long count = 0;
    dl_iterate_phdr(count_one, &count);
    answer_number(me, call, "mapped", count);
  } else if (is_named(in, "environment")) {
    extern char** environ;
    answer_number(me, call, "variables", environ == NULL || environ[0] == NULL ? 0 : 1);
  } else {
    answer(me, call, "{}");
  }
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

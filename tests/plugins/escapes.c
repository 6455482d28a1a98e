/* Tries what a plugin should not be able to do to the machine. The input {"at":"..."} says to what; the answer whether
 * it worked. */
#define _GNU_SOURCE /* F_SETSIG */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain.h"

/* The only text of the input, which has nothing to unescape. */
static const char* text_of(const tr_invocation* in, char* out, size_t room) {
  const char* begin = memchr(in->args_json.data, ':', in->args_json.size);
  size_t size = 0;
  out[0] = 0;
  if (begin == NULL) return out;
  const char* end = in->args_json.data + in->args_json.size;
  while (begin < end && *begin++ != '"') {
  }
  while (begin < end && *begin != '"' && size + 1 < room) out[size++] = *begin++;
  out[size] = 0;
  return out;
}

static int reads(const char* path) {
  char byte;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const int is_read = file >= 0 && read(file, &byte, 1) == 1;
  if (file >= 0) close(file);
  return is_read;
}

static int writes(const char* path) {
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
  return file >= 0;
}

static int connects(const char* port) {
  struct sockaddr_in to;
  memset(&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_port = htons((unsigned short)atoi(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int is_connected = out >= 0 && connect(out, (const struct sockaddr*)&to, sizeof to) == 0;
  if (out >= 0) close(out);
  return is_connected;
}

static int connects_to(const char* path) {
  struct sockaddr_un to;
  memset(&to, 0, sizeof to);
  to.sun_family = AF_UNIX;
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  const int out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int is_connected = out >= 0 && connect(out, (const struct sockaddr*)&to, sizeof to) == 0;
  if (out >= 0) close(out);
  return is_connected;
}

/* Attaches, and lets it go again. */
static int traces(const char* process) {
  const pid_t pid = (pid_t)atoi(process);
  if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0) return 0;
  ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
  waitpid(pid, NULL, __WALL);
  ptrace(PTRACE_DETACH, pid, NULL, NULL);
  return 1;
}

/* Has the kernel send a signal in our place, when there is something to read. */
static int signals_by_pipe(const char* process) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  const int is_sent = fcntl(ends[0], F_SETOWN, (pid_t)atoi(process)) == 0 && fcntl(ends[0], F_SETSIG, SIGCONT) == 0 &&
                      fcntl(ends[0], F_SETFL, O_ASYNC) == 0 && write(ends[1], "x", 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return is_sent;
}

/* Opens it to read, and asks for nothing to be left of it. */
static int empties(const char* path) {
  const int file = open(path, O_RDONLY | O_TRUNC | O_CLOEXEC);
  if (file >= 0) close(file);
  return file >= 0;
}

static int executes(const char* program) {
  int status = 1;
  const pid_t child = fork();
  if (child == 0) {
    execl(program, program, (char*)NULL);
    _exit(1);
  }
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  char at[512];
  text_of(in, at, sizeof at);
  int worked = 0;
  if (is_named(in, "reads")) worked = reads(at);
  if (is_named(in, "writes")) worked = writes(at);
  if (is_named(in, "connects")) worked = connects(at);
  if (is_named(in, "connects_to")) worked = connects_to(at);
  if (is_named(in, "signals")) worked = kill((pid_t)atoi(at), SIGCONT) == 0;
  if (is_named(in, "signals_by_pipe")) worked = signals_by_pipe(at);
  if (is_named(in, "empties")) worked = empties(at);
  if (is_named(in, "resizes")) worked = truncate(at, 1) == 0;
  if (is_named(in, "changes_mode")) worked = chmod(at, 0666) == 0;
  if (is_named(in, "traces")) worked = traces(at);
  if (is_named(in, "executes")) worked = executes(at);
  answer((self*)p, call, worked ? "{\"worked\":true}" : "{\"worked\":false}");
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

#include "io_faults.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace toolrack::testing {
namespace {

std::atomic<std::int64_t> calls{0}, failed{0}, from{0}, until{0};
std::atomic<int> error{0};
std::atomic<bool> is_done_anyway{false};

bool is_store_thread() {
  char name[16] = {};
  return ::pthread_getname_np(::pthread_self(), name, sizeof name) == 0 && std::strcmp(name, "store") == 0;
}

bool fails_now() {
  if (from == 0 || !is_store_thread()) return false;
  const auto call = ++calls;
  if (call < from || call >= until) return false;
  ++failed;
  return true;
}

/// The call of libc that `real` names, or a failure in its place.
template <typename Value, typename... Args>
Value call_or_fail(const char* name, Args... args) {
  using Real = Value (*)(Args...);
  const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, name));
  if (!fails_now()) return real(args...);
  if (is_done_anyway) real(args...);
  errno = error;
  return -1;
}

}  // namespace

void set_io_fault(const IoFault& fault) {
  from = 0;
  calls = failed = 0;
  error = fault.error;
  is_done_anyway = fault.is_done_anyway;
  until = fault.nth + fault.count;
  from = fault.nth;
}

std::int64_t io_faults() { return failed; }

}  // namespace toolrack::testing

using toolrack::testing::call_or_fail;

extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return call_or_fail<ssize_t>("pwrite", fd, bytes, size, offset);
}
ssize_t writev(int fd, const iovec* parts, int count) { return call_or_fail<ssize_t>("writev", fd, parts, count); }
int fdatasync(int fd) { return call_or_fail<int>("fdatasync", fd); }

}  // extern "C"

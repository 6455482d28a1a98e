/// toolrack-worker: a plugin, or all of one vendor, in a process of their own, for the gateway that started it. Not for
/// people.
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "worker/options.hpp"
#include "worker/process.hpp"
#include "worker/sandbox.hpp"

namespace {

using namespace toolrack::worker;

/// Nothing that the gateway has open may be found here.
void close_all_from(int first) { ::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U); }

}  // namespace

int main(int argc, char** argv) {
  auto options = Options::from_words(argc, argv);
  if (!options) {
    std::fputs("toolrack-worker runs a plugin for a gateway, which starts it; there is nothing to do by hand.\n",
               stderr);
    return 2;
  }
  // It was started by a descriptor, whose number it would be called.
  ::prctl(PR_SET_NAME, "toolrack-worker", 0, 0, 0);
  ::setsid();
  ::umask(022);  // Of the folders of a root of its own.
  close_all_from(options->first_free());
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  options->rules.max_memory = 0;  // A sanitizer reserves terabytes.
#endif
#endif
  SandboxState state;
  if (options->sandbox != SandboxMode::kOff)
    state = enter_sandbox(options->rules, options->gateway);
  else {
    options->rules.max_threads = 0;  // It would count what others run, too.
    limit_resources(options->rules);
    end_with(options->gateway);
  }
  ::umask(077);
  // An arena takes 64 MiB of the address space that is limited, and every thread would have one.
  ::mallopt(M_ARENA_MAX, 4);
  // Never freed: its threads run to the end of the process.
  auto& process = *new Process(*std::move(options), std::move(state));
  process.run();
}

// Throws across the ABI, past the promise of every function there: what a cast makes possible, and other languages do.
#include <stdexcept>

#include "plain.h"

namespace {

using Invoke = void (*)(void*, tr_call, const tr_invocation*) noexcept;
using Create = tr_status (*)(const tr_host*, const tr_plugin**) noexcept;

[[noreturn]] void blow(const char* where) { throw std::runtime_error(where); }

void done(void*, const tr_result*) { blow("from done"); }
void task(void*) { blow("from a task"); }

void invoke(void* p, tr_call call, const tr_invocation* in) {
  auto* me = static_cast<self*>(p);
  if (is_named(in, "in_done")) {
    me->clock->after(me->host, call, 1, reinterpret_cast<tr_done>(&done), nullptr);
  } else if (is_named(in, "in_task")) {
    me->executor->post(me->host, call, reinterpret_cast<tr_task>(&task), nullptr);
  } else if (is_named(in, "in_blocking_task")) {
    me->executor->post_blocking(me->host, call, reinterpret_cast<tr_task>(&task), nullptr);
  } else if (is_named(in, "after_completing")) {
    answer(me, call, "{\"done\":true}");
    blow("too late");
  } else if (is_named(in, "a_number")) {
    throw 7;
  } else if (is_named(in, "never")) {
    // cancel() throws.
  } else {
    blow("from invoke");
  }
}

void cancel(void*, tr_call) { blow("from cancel"); }
void stop(void*) { blow("from stop"); }
[[maybe_unused]] tr_status start(void*, const tr_start*) { blow("from start"); }

tr_status create(const tr_host* host, const tr_plugin** out) {
#ifdef THROW_IN_CREATE
  blow("from create");
#endif
  auto* me = make_self(host, reinterpret_cast<Invoke>(&invoke));
  me->plugin.cancel = reinterpret_cast<decltype(me->plugin.cancel)>(&cancel);
  me->plugin.stop = reinterpret_cast<decltype(me->plugin.stop)>(&stop);
#ifdef THROW_IN_START
  me->plugin.start = reinterpret_cast<decltype(me->plugin.start)>(&start);
#endif
  *out = &me->plugin;
  return TR_OK;
}

}  // namespace

extern "C" {
#ifdef THROW_IN_ENTRY
TR_EXPORT const tr_entry* toolrack_entry_v1(void);
TR_EXPORT const tr_entry* toolrack_entry_v1(void) {
  const auto unused = reinterpret_cast<Create>(&create);
  (void)unused;
  blow("from the entry");
}
#else
PLAIN_ENTRY(reinterpret_cast<Create>(&create))
#endif
}

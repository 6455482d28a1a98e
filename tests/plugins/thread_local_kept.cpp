// A thread_local with a destructor, touched on a thread of the host: glibc keeps the library until that thread ends.
#include <string>

#include "plain.h"

static thread_local std::string kept = "a text that is too long for the small buffer of a string";

static void invoke(void* p, tr_call call, const tr_invocation*) noexcept {
  kept += '.';
  answer(static_cast<self*>(p), call, "{}");
}

static tr_status create(const tr_host* host, const tr_plugin** out) noexcept {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

extern "C" {
PLAIN_ENTRY(create)
}

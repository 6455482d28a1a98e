// Built twice, each with its own value of an inline variable of the same name.
#include "plain.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

inline const char* twin_name = "{\"name\":\"" TEXT(TWIN_NAME) "\"}";
struct Registry {
  int visits = 0;
};
inline Registry& registry() {
  static Registry one;
  return one;
}

static void invoke(void* p, tr_call call, const tr_invocation*) noexcept {
  ++registry().visits;
  if (registry().visits != 1)
    return answer_error(static_cast<self*>(p), call, TR_INTERNAL, "twin.mixed", "visited before");
  answer(static_cast<self*>(p), call, twin_name);
}

static tr_status create(const tr_host* host, const tr_plugin** out) noexcept {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

extern "C" {
PLAIN_ENTRY(create)
}

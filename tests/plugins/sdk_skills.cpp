// The C++ face through a real library: what a skill throws, a coroutine that waits, a coroutine on the pool.
#include <toolrack/plugin.hpp>

#include <stdexcept>

namespace tr = toolrack;

class SdkSkills final : public tr::Plugin {
 public:
  explicit SdkSkills(const tr::Host& host) : Plugin(host) {
    skill<&SdkSkills::throws>("throws");
    skill<&SdkSkills::sleeps>("sleeps");
    skill<&SdkSkills::works>("works");
  }

 private:
  tr::Reply throws(tr::Call&) { throw std::runtime_error("a bug in the skill"); }
  tr::Task sleeps(tr::Call call) {
    const tr::Reply slept = co_await call.after(std::chrono::milliseconds(1));
    if (!slept.ok()) co_return slept;
    co_return tr::Reply::json("{\"slept\":true}");
  }
  tr::Task works(tr::Call) { co_return tr::Reply::json("{\"worked\":true}"); }
};

TOOLRACK_PLUGIN(SdkSkills)

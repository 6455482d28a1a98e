// Counts its calls, and leaves the count to the next generation: a replaced plugin goes on where the one before ended.
#include <toolrack/plugin.hpp>

#include <atomic>
#include <cstdlib>
#include <string>

namespace tr = toolrack;

class Stateful final : public tr::Plugin {
 public:
  explicit Stateful(const tr::Host& host) : Plugin(host) { skill<&Stateful::count>("count"); }

#ifdef REFUSES_START
  tr_status start(const tr_start&) override { return TR_FAILED_PRECONDITION; }
#endif
  tr_status save(std::uint32_t phase, std::string& out) override {
    out = std::to_string(phase) + ":" + std::to_string(count_.load());
    return TR_OK;
  }
  tr_status load(std::uint32_t phase, std::string_view saved) override {
    const std::string text(saved);
    loaded_phase_ = phase;
    if (text.substr(0, 2) != std::to_string(phase) + ":") return TR_INVALID_ARGUMENT;
    count_ += std::atoi(text.c_str() + 2);
    return TR_OK;
  }

 private:
  tr::Reply count(tr::Call&) {
    const int count = ++count_;
    return tr::Reply::json("{\"count\":" + std::to_string(count) +
                           ",\"phase\":" + std::to_string(loaded_phase_.load()) + "}");
  }
  std::atomic<int> count_{0};
  std::atomic<std::uint32_t> loaded_phase_{0};
};

TOOLRACK_PLUGIN(Stateful)

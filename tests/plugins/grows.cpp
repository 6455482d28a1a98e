// Skills that the plugin lists itself: two at first, on two pages, and then what its caller says.
#include <toolrack/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace tr = toolrack;

namespace {

std::string skill_named(const std::string& name) {
  return "{\"name\":\"" + name + "\",\"description\":\"Was not there before.\",\"input\":{\"type\":\"object\"}}";
}

#ifdef ANOTHER_BUILD
constexpr const char* kSecond = "three";
#else
constexpr const char* kSecond = "two";
#endif

/// What stands behind `"key":` up to the end of the object, whose last member it is.
std::string rest_of(std::string_view input, const std::string& key) {
  const auto at = input.find("\"" + key + "\":");
  if (at == std::string_view::npos) return "";
  const auto begin = at + key.size() + 3;
  return std::string(input.substr(begin, input.rfind('}') - begin));
}

}  // namespace

class Grows final : public tr::Plugin {
 public:
  explicit Grows(const tr::Host& host) : Plugin(host) {
    skill<&Grows::become>("become");
    other_skills<&Grows::listed>();
    on<&Grows::list>(TR_LIST_SKILLS);
  }

 private:
  /// {"page": the next answer to who asks for skills, whatever it is}; with "quietly" before it nobody is told.
  tr::Reply become(tr::Call& call) {
    const std::string page = rest_of(call.input(), "page");
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      page_ = page;
    }
    if (!rest_of(call.input(), "quietly").empty()) return tr::Reply::json("{}");
    call.host().list_changed(TR_LIST_SKILLS);
    call.host().list_changed(TR_LIST_SKILLS, call.id());
    return tr::Reply::json("{}");
  }

  bool has_page(const std::string& page) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return page_ == page;
  }

  /// Says which one it is; {"until": page}: once that is what it would answer to who asks for skills.
  tr::Task listed(tr::Call call) {
    const std::string until = rest_of(call.input(), "until");
    while (!until.empty() && !has_page(until)) {
      const tr::Reply slept = co_await call.after(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return slept;
    }
    co_return tr::Reply::json("{\"name\":\"" + call.name().str() +
                              "\",\"in_manifest\":" + (call.index() == UINT32_MAX ? "false" : "true") + "}");
  }

  /// Here name() is the cursor.
  tr::Task list(tr::Call call) {
    std::string page;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      page = page_;
    }
    if (page == "\"never\"") {
      const tr::Reply slept = co_await call.after(std::chrono::hours(1));
      co_return slept;
    }
    if (page == "\"fail\"") co_return tr::Reply::error(TR_UNAVAILABLE, "grows.no_list", "there is no list today");
    if (!page.empty()) co_return tr::Reply::json(page);
    if (call.name().empty()) co_return tr::Reply::json("{\"items\":[" + skill_named("one") + "],\"next\":\"2\"}");
    co_return tr::Reply::json("{\"items\":[" + skill_named(kSecond) + "]}");
  }

  std::mutex mutex_;
  std::string page_;  // Empty: as at first.
};

TOOLRACK_PLUGIN(Grows)

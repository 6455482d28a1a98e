/// list_differences.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::services::recorder {

namespace {

namespace json = base::json;

constexpr json::Limits kComparable{.max_bytes = 64 << 20, .max_values = 10'000'000};

std::string show(const json::Value& value) {
  constexpr std::size_t kMost = 300;
  auto text = json::dump(value);
  return text.size() <= kMost ? text : fmt::format("{}... ({} bytes)", text.substr(0, kMost), text.size());
}

std::string escape_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

bool is_structure(std::string_view text) { return text.starts_with('{') || text.starts_with('['); }

class Comparison {
 public:
  std::vector<std::string> lines;

  void compare(const std::string& at, const json::Value& recorded, const json::Value& asked) {
    if (recorded.IsObject() && asked.IsObject()) return compare_objects(at, recorded, asked);
    if (recorded.IsArray() && asked.IsArray()) return compare_arrays(at, recorded, asked);
    if (recorded.IsString() && asked.IsString() && json::view(recorded) != json::view(asked) &&
        is_structure(json::view(recorded)) && is_structure(json::view(asked))) {
      const auto inner_recorded = json::parse(json::view(recorded), kComparable);
      const auto inner_asked = json::parse(json::view(asked), kComparable);
      if (inner_recorded && inner_asked) {
        const auto before = lines.size();
        compare(at, *inner_recorded, *inner_asked);
        if (lines.size() != before) return;  // Else they differ in how they are written.
      }
    }
    if (json::canonical(recorded) != json::canonical(asked))
      lines.push_back(fmt::format("{}: recorded {}, asked {}", at, show(recorded), show(asked)));
  }

 private:
  void compare_objects(const std::string& at, const json::Value& recorded, const json::Value& asked) {
    for (const auto& member : recorded.GetObject()) {
      const auto place = at + "/" + escape_pointer(json::view(member.name));
      if (const auto* other = json::find(asked, json::view(member.name)))
        compare(place, member.value, *other);
      else
        lines.push_back(fmt::format("{}: recorded {}, not asked", place, show(member.value)));
    }
    for (const auto& member : asked.GetObject())
      if (json::find(recorded, json::view(member.name)) == nullptr)
        lines.push_back(fmt::format("{}/{}: not recorded, asked {}", at, escape_pointer(json::view(member.name)),
                                    show(member.value)));
  }

  void compare_arrays(const std::string& at, const json::Value& recorded, const json::Value& asked) {
    const auto both = std::min(recorded.Size(), asked.Size());
    for (rapidjson::SizeType i = 0; i < both; ++i) compare(fmt::format("{}/{}", at, i), recorded[i], asked[i]);
    for (auto i = both; i < recorded.Size(); ++i)
      lines.push_back(fmt::format("{}/{}: recorded {}, not asked", at, i, show(recorded[i])));
    for (auto i = both; i < asked.Size(); ++i)
      lines.push_back(fmt::format("{}/{}: not recorded, asked {}", at, i, show(asked[i])));
  }
};

}  // namespace

std::vector<std::string> list_differences(std::string_view recorded, std::string_view asked) {
  const auto left = json::parse(recorded, kComparable);
  const auto right = json::parse(asked, kComparable);
  Comparison comparison;
  if (left && right)
    comparison.compare("", *left, *right);
  else if (recorded != asked)
    comparison.lines.push_back(fmt::format(": recorded {}, asked {}", recorded, asked));
  return comparison.lines;
}

}  // namespace toolrack::services::recorder

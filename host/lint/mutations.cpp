#include "lint/mutations.hpp"

#include <array>
#include <random>
#include <vector>

#include "base/json.hpp"

namespace toolrack::lint {

namespace json = base::json;

namespace {

using Value = json::Value;

constexpr std::array<const char*, 10> kRoots{"null", "true", "0",    "\"text\"", "[]",
                                             "[[]]", "{}",   "-1e3", "\"\"",     R"({"":{"":[null]}})"};

/// Every value inside, itself first.
void collect(Value& value, std::vector<Value*>& into) {
  into.push_back(&value);
  if (value.IsObject())
    for (auto& member : value.GetObject()) collect(member.value, into);
  if (value.IsArray())
    for (auto& item : value.GetArray()) collect(item, into);
}

Value replacement(std::mt19937_64& random, json::Document::AllocatorType& memory) {
  switch (random() % 9) {
    case 0:
      return Value();
    case 1:
      return Value(false);
    case 2:
      return Value(-1);
    case 3:
      return Value(std::int64_t{9'007'199'254'740'993});
    case 4:
      return Value(1e308);
    case 5:
      return Value(rapidjson::kArrayType);
    case 6:
      return Value(rapidjson::kObjectType);
    case 7:
      return Value("", 0, memory);
    default: {
      const std::string big(100'000, 'x');
      return Value(big.data(), static_cast<rapidjson::SizeType>(big.size()), memory);
    }
  }
}

/// At a character's start, so that it stays UTF-8.
std::string cut(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return std::string(text.substr(0, at));
}

}  // namespace

std::string mutate(std::string_view input, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto document = json::parse(input);
  switch (random() % 8) {
    case 0:
      return kRoots[random() % kRoots.size()];
    case 1:
      return cut(input, random() % (input.size() + 1));
    case 2: {
      std::string deep(60, '[');
      return deep.append(60, ']');
    }
    default:
      break;
  }
  if (!document) return std::string(input);
  std::vector<Value*> values;
  collect(*document, values);
  auto& chosen = *values[random() % values.size()];
  auto& memory = document->GetAllocator();
  if (chosen.IsObject() && random() % 3 == 0) {
    chosen.AddMember(rapidjson::StringRef("no such member"), replacement(random, memory), memory);
    return json::dump(*document);
  }
  if (chosen.IsObject() && chosen.MemberCount() != 0 && random() % 2 == 0) {
    chosen.EraseMember(chosen.MemberBegin() + static_cast<std::ptrdiff_t>(random() % chosen.MemberCount()));
  } else {
    chosen = replacement(random, memory);
  }
  return json::dump(*document);
}

}  // namespace toolrack::lint

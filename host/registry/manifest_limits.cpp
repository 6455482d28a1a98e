/// ManifestReader: what a skill's calls cost, and how many there may be.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <utility>

#include "registry/manifest_reader.hpp"

namespace toolrack::registry {

namespace json = base::json;
using base::Money;
using json::Value;

namespace {

/// "5/h", "3/24h": the schema has checked the form.
void read_rate(std::string_view rate, ClassLimit& out) {
  const auto slash = rate.find('/');
  std::from_chars(rate.data(), rate.data() + slash, out.count);
  auto window = rate.substr(slash + 1);
  std::uint32_t times = 1;
  const auto read = std::from_chars(window.data(), window.data() + window.size(), times);
  window.remove_prefix(static_cast<std::size_t>(read.ptr - window.data()));
  const auto unit = window == "s" ? 1 : window == "min" ? 60 : window == "h" ? 3'600 : 86'400;
  out.window = std::chrono::seconds(std::int64_t{times} * unit);
}

}  // namespace

void ManifestReader::read_limits(const Tool& tool, Skill& skill, const Value& value) {
  const auto* limits = json::find(value, "limits");
  if (limits == nullptr || !limits->IsArray()) return;
  for (const auto& item : limits->GetArray()) {
    ClassLimit limit;
    const auto scope = json::find_string(item, "scope").value_or("account");
    limit.scope = scope == "rack"         ? ClassLimit::Scope::kRack
                  : scope == "credential" ? ClassLimit::Scope::kCredential
                                          : ClassLimit::Scope::kAccount;
    // A name is shared inside the tool only; ':' keeps names apart from skills.
    const auto name = json::find_string(item, "name");
    limit.name = name ? fmt::format("{}:{}", tool.id(), *name) : fmt::format("{}.{}", tool.id(), skill.name);
    read_rate(json::find_string(item, "rate").value_or("1/d"), limit);
    skill.limits.push_back(std::move(limit));
  }
}

Money ManifestReader::read_price(const Value* price, const std::string& pointer) {
  if (price == nullptr) return {};
  const auto max = json::find_string(*price, "max_usd");
  const auto min = json::find_string(*price, "min_usd");
  const auto least = min ? read_money(*min, pointer + "/min_usd") : Money();
  const auto worst = max ? read_money(*max, pointer + "/max_usd") : Money();
  if (min && max && least > worst) violate(pointer + "/min_usd", fmt::format("{} is more than max_usd", *min));
  if (json::find_string(*price, "per").value_or("call") == "call") {
    return read_money(json::find_string(*price, "usd").value_or("0"), pointer + "/usd");
  }
  if (!max) violate(pointer, "needs max_usd: without it no hold can be placed for a price per unit");
  return worst;
}

Money ManifestReader::read_money(std::string_view dollars, const std::string& pointer) {
  auto money = Money::parse(dollars);
  if (!money) violate(pointer, money.error().message());
  return money.value_or(Money());
}

}  // namespace toolrack::registry

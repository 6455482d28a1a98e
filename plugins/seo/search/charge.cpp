#include "search/charge.hpp"

#include "search/json.hpp"

namespace toolrack::seo {

void meter_answer(const Call& call, Provider provider, const rapidjson::Value& body, std::int64_t usual_units) {
  constexpr std::int64_t kMillionths = 1'000'000, kMostCredits = 1000;
  const rapidjson::Document options = parse_json(view(call.backend().options_json));
  if (provider == Provider::kSerper) {
    std::int64_t credits = integer_at(body, "/credits").value_or(usual_units);
    if (credits < 0 || credits > kMostCredits) credits = usual_units;
    call.meter("usd", credits * integer_at(options, "/micros_per_credit").value_or(0));
    call.meter("credit", credits * kMillionths);
    return;
  }
  const std::int64_t usual = integer_at(options, "/micros_per_request").value_or(0) +
                             usual_units * integer_at(options, "/micros_per_unit").value_or(0);
  call.meter("usd", micros_at(body, "/tasks/0/cost").value_or(usual));
  call.meter("request", kMillionths);
}

}  // namespace toolrack::seo

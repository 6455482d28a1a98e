/// What checking costs beside reading: valid documents of 300 bytes and 10 KB, each against a schema as tools have
/// them, and a plain RapidJSON parse of the same bytes. Prints the ratios and fails when they exceed the promise.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "registry/input_validator.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;

struct Case {
  const char* name;
  std::string schema, document;
  double max_us, max_ratio;
};

constexpr const char* kFetchSchema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
  "properties": {
    "url": {"type": "string", "minLength": 1, "maxLength": 2048, "format": "uri"},
    "depth": {"type": "integer", "minimum": 0, "maximum": 5, "default": 1},
    "include": {"type": "array", "items": {"enum": ["title", "headings", "links", "images", "text"]}, "maxItems": 5,
                "uniqueItems": true},
    "options": {"$ref": "#/$defs/options"},
    "keywords": {"type": "array", "items": {"type": "string", "maxLength": 80}, "maxItems": 20},
    "format": {"type": "string", "enum": ["markdown", "html", "text"]},
    "max_bytes": {"type": "integer", "minimum": 1, "maximum": 4194304}
  },
  "required": ["url"], "additionalProperties": false,
  "$defs": {
    "options": {
      "type": "object",
      "properties": {
        "timeout_ms": {"type": "integer", "minimum": 1, "maximum": 60000},
        "follow_redirects": {"type": "boolean"},
        "user_agent": {"type": "string", "maxLength": 200},
        "language": {"type": "string", "minLength": 2, "maxLength": 35}
      },
      "additionalProperties": false
    }
  }
})";

constexpr const char* kFetch =
    R"({"url":"https://www.example.com/products/garden/chairs?page=2","depth":2,"include":["title","headings","links"],)"
    R"("options":{"timeout_ms":8000,"follow_redirects":true,"user_agent":"toolrack/1.0","language":"en-US"},)"
    R"("keywords":["garden chair","oak"],"format":"markdown","max_bytes":250000})";

constexpr const char* kOrdersSchema = R"({
  "type": "object",
  "properties": {
    "orders": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"$ref": "#/$defs/order"}},
    "dry_run": {"type": "boolean"}
  },
  "required": ["orders"], "additionalProperties": false,
  "$defs": {
    "order": {
      "type": "object",
      "properties": {
        "id": {"type": "string", "pattern": "^ord_[0-9a-z]{8}$"},
        "created": {"type": "string", "format": "date-time"},
        "status": {"enum": ["open", "paid", "shipped", "returned"]},
        "customer": {
          "type": "object",
          "properties": {"name": {"type": "string", "maxLength": 200}, "email": {"type": "string", "maxLength": 200}},
          "required": ["name"]
        },
        "lines": {
          "type": "array", "minItems": 1,
          "items": {
            "type": "object",
            "properties": {
              "sku": {"type": "string", "minLength": 1},
              "count": {"type": "integer", "minimum": 1},
              "price": {"type": "number", "exclusiveMinimum": 0}
            },
            "required": ["sku", "count", "price"], "additionalProperties": false
          }
        },
        "payment": {
          "oneOf": [
            {"properties": {"kind": {"const": "card"}, "last4": {"type": "string", "maxLength": 4}},
             "required": ["kind", "last4"]},
            {"properties": {"kind": {"const": "invoice"}, "days": {"type": "integer"}}, "required": ["kind", "days"]}
          ]
        },
        "note": {"type": ["string", "null"]}
      },
      "required": ["id", "created", "status", "customer", "lines"], "additionalProperties": false
    }
  }
})";

std::string orders() {
  std::vector<std::string> list;
  for (int i = 0; i < 34; ++i) {
    list.push_back(fmt::format(
        R"({{"id":"ord_{:08x}","created":"2026-01-{:02}T12:{:02}:00Z","status":"{}","customer":{{"name":"Customer {}",)"
        R"("email":"customer{}@example.com"}},"lines":[{{"sku":"chair-{}","count":{},"price":{}.5}},)"
        R"({{"sku":"table-{}","count":1,"price":249}}],"payment":{},"note":null}})",
        i * 7919, 1 + i % 28, i, i % 2 == 0 ? "paid" : "open", i, i, i, 1 + i % 4, 20 + i, i,
        i % 3 == 0 ? R"({"kind":"card","last4":"4242"})" : R"({"kind":"invoice","days":30})"));
  }
  return fmt::format(R"({{"orders":[{}],"dry_run":false}})", fmt::join(list, ","));
}

const Case& case_of(std::size_t index) {
  static const std::vector<Case> cases = {{"300 B", kFetchSchema, kFetch, 1.5, 0.8},
                                          {"10 KB", kOrdersSchema, orders(), 40, 1.5}};
  return cases.at(index);
}

void parse(benchmark::State& state, std::size_t index) {
  const auto& text = case_of(index).document;
  for (auto _ : state) {
    rapidjson::Document document;
    document.Parse(text.data(), text.size());
    benchmark::DoNotOptimize(document.HasParseError());
  }
  state.counters["bytes"] = static_cast<double>(text.size());
}

void validate(benchmark::State& state, std::size_t index) {
  const auto& one = case_of(index);
  const auto validator = compile_schema(one.schema);
  if (!validator) return state.SkipWithError(validator.error().message().c_str());
  const auto document = json::parse(one.document);
  if (!(*validator)->check(*document).empty()) {
    return state.SkipWithError((*validator)->check(*document).front().message.c_str());
  }
  for (auto _ : state) {
    auto violations = (*validator)->check(*document);
    benchmark::DoNotOptimize(violations);
  }
}

void compile(benchmark::State& state, std::size_t index) {
  const auto schema = json::parse(case_of(index).schema);
  for (auto _ : state) benchmark::DoNotOptimize(compile_schema(*schema).has_value());
}

BENCHMARK_CAPTURE(parse, 300_bytes, 0);
BENCHMARK_CAPTURE(validate, 300_bytes, 0);
BENCHMARK_CAPTURE(parse, 10_kilobytes, 1);
BENCHMARK_CAPTURE(validate, 10_kilobytes, 1);
BENCHMARK_CAPTURE(compile, 300_bytes, 0);
BENCHMARK_CAPTURE(compile, 10_kilobytes, 1);

/// Keeps the fastest run of each benchmark, so that `--benchmark_repetitions` takes the neighbours' noise out.
class Fastest : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      auto& best = ns_[run.run_name.function_name];
      const auto ns = run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
      best = best == 0 ? ns : std::min(best, ns);
    }
    ConsoleReporter::ReportRuns(runs);
  }
  double us(const std::string& name) const {
    const auto found = ns_.find(name);
    return found != ns_.end() ? found->second / 1e3 : 0;
  }

 private:
  std::map<std::string, double> ns_;
};

}  // namespace
}  // namespace toolrack::registry

int main(int argc, char** argv) {
  using namespace toolrack::registry;
  benchmark::Initialize(&argc, argv);
  Fastest reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  bool is_good = true;
  const char* const names[] = {"300_bytes", "10_kilobytes"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const auto parse_us = reporter.us(std::string("parse/") + names[i]);
    const auto check_us = reporter.us(std::string("validate/") + names[i]);
    if (parse_us == 0 || check_us == 0) continue;
    const auto& one = case_of(i);
    const bool is_kept = check_us / parse_us <= one.max_ratio;
    is_good &= is_kept;
    std::printf("%s (%zu bytes): parse %.2f us, validate %.2f us (promised %.1f), ratio %.2f (promised %.1f)%s\n",
                one.name, one.document.size(), parse_us, check_us, one.max_us, check_us / parse_us, one.max_ratio,
                is_kept ? "" : ": MISSED");
  }
  return is_good ? 0 : 1;
}

/// Searches over 2,000 skills of 200 tools: words that are there, a sentence, and words that were mistyped.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "registry/search.hpp"

namespace toolrack::registry {
namespace {

/// Words as a language has them: some hundred stems, a thousand endings, always the same.
class Words {
 public:
  std::string next() {
    static constexpr std::array kStems{"page",  "site",   "order", "ticket", "invoice", "weather", "voice",
                                       "image", "market", "trade", "crawl",  "search",  "key",     "report",
                                       "file",  "branch", "news",  "price",  "fund",    "song"};
    static constexpr std::array kEndings{"",      "list",  "maker", "state", "check", "rank",  "point", "cast",
                                         "board", "chart", "count", "limit", "total", "group", "audit", "query"};
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    const auto pick = static_cast<std::size_t>(state_ >> 33);
    return std::string(kStems[pick % kStems.size()]) + kEndings[pick / kStems.size() % kEndings.size()] +
           (pick / 7 % 3 == 0 ? std::to_string(pick / 11 % 40) : std::string());
  }
  std::string sentence(int words) {
    std::string out;
    for (int i = 0; i < words; ++i) out += next() + ' ';
    return out;
  }

 private:
  std::uint64_t state_ = 1;
};

struct Rack {
  std::vector<std::shared_ptr<Tool>> tools;
  std::unique_ptr<SearchIndex> index;

  Rack() {
    Words words;
    std::vector<const Tool*> pointers;
    for (int i = 0; i < 200; ++i) {
      auto tool = std::make_shared<Tool>();
      tool->slug = words.next();
      tool->title = words.sentence(2);
      tool->description = words.sentence(12);
      for (std::uint32_t k = 0; k < 10; ++k) {
        Skill skill;
        skill.tool = tool.get();
        skill.index = k;
        skill.name = words.next() + "_" + words.next();
        skill.title = skill.name;
        skill.description = words.sentence(15);
        skill.input_schema = R"({"type":"object","properties":{")" + words.next() + R"(":{"description":")" +
                             words.sentence(8) + R"("}}})";
        tool->skills.push_back(std::move(skill));
      }
      pointers.push_back(tool.get());
      tools.push_back(std::move(tool));
    }
    auto made = SearchIndex::create(pointers);
    if (!made) std::abort();
    index = std::move(*made);
  }
};

void search(benchmark::State& state, const char* text) {
  static const Rack rack;
  std::size_t found = 0;
  for (auto _ : state) found = rack.index->search({.text = text}).size();
  state.counters["tools"] = static_cast<double>(found);
}

BENCHMARK_CAPTURE(search, one_word, "weathercast")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, two_words, "invoicecheck songlist")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, sentence, "please show me the weatherchart of every pagemaker")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, mistyped, "wethercast invoicechek")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, nothing, "submarine zebra")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace toolrack::registry

BENCHMARK_MAIN();

/// Text -> passages of a document for knowledge search, with ordinary bounds and with tiny ones.
#include <functional>

#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "services/knowledge/markdown.hpp"

namespace toolrack::fuzz {
namespace {

using services::knowledge::PassageSize;

void read(std::string_view text, const PassageSize& size) {
  const auto read = services::knowledge::read_markdown(text, size);
  const bool is_utf8 = base::is_utf8(text);
  require(read.passages.size() <= 4 * size.sections + text.size() / size.most + 2, "passages are bounded");
  const std::less_equal<const char*> at_most;
  const char* last = text.data();
  std::size_t total = 0;
  for (const auto& passage : read.passages) {
    const auto* begin = passage.text.data();
    require(at_most(text.data(), begin) && at_most(begin + passage.text.size(), text.data() + text.size()),
            "a passage is a piece of the document");
    require(at_most(last, begin), "passages keep the document's order");
    last = begin;
    total += passage.text.size();
    require(passage.text.find_first_not_of(" \t\r\n") == 0, "a passage is not blank and has no white space around it");
    require(passage.text.size() <= size.most + size.wanted, "a passage is not longer than allowed");
    require(!is_utf8 || base::is_utf8(passage.text), "no character is cut");
    require(passage.headings.size() <= 6, "there are six levels of headings");
    for (const auto& heading : passage.headings) {
      require(!heading.empty() && heading.size() <= 200, "a heading says something, and not too much");
      require(!is_utf8 || base::is_utf8(heading), "no character of a heading is cut");
    }
  }
  require(total <= 2 * text.size(), "what overlaps is less than what there is");
}

}  // namespace

void check(std::string_view text) {
  read(text, {});
  read(text, {.wanted = 40, .overlap = 10, .most = 60, .sections = 8});
}

}  // namespace toolrack::fuzz

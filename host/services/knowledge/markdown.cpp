#include "services/knowledge/markdown.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "services/knowledge/front_matter.hpp"

namespace toolrack::services::knowledge {
namespace {

constexpr std::size_t kLongestHeading = 200;
constexpr std::size_t kDeepest = 6;

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Without the blanks that Markdown allows before a block; nullopt-like: `is_code` when there are four.
std::string_view without_indent(std::string_view line, bool& is_code) noexcept {
  const auto first = std::min(line.find_first_not_of(' '), line.size());
  is_code = first > 3;
  return line.substr(first);
}

/// 1 to 6 with the heading's words in `text`; 0: no heading.
std::size_t atx_level(std::string_view line, std::string_view& text) noexcept {
  bool is_code = false;
  line = without_indent(line, is_code);
  const auto level = std::min(line.find_first_not_of('#'), line.size());
  if (is_code || level == 0 || level > kDeepest) return 0;
  const auto rest = line.substr(level);
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t' && rest.front() != '\r') return 0;
  text = trim(rest);
  const auto end = text.find_last_not_of('#');
  if (end == std::string_view::npos) {
    text = {};
  } else if (end + 1 < text.size() && (text[end] == ' ' || text[end] == '\t')) {
    text = trim(text.substr(0, end));
  }
  return level;
}

/// The line under a heading: 1 for "===", 2 for "---", else 0.
std::size_t underline_level(std::string_view line) noexcept {
  bool is_code = false;
  const auto marks = trim(without_indent(line, is_code));
  if (is_code || marks.empty() || marks.find_first_not_of(marks.front()) != std::string_view::npos) return 0;
  return marks.front() == '=' ? 1 : marks.front() == '-' ? 2 : 0;
}

/// May this line be underlined to be a heading? Lists, quotes and tables may not.
bool is_plain(std::string_view line) noexcept {
  const auto text = trim(line);
  if (text.empty() || text.size() > kLongestHeading || text.find('|') != std::string_view::npos) return false;
  return std::string_view("-*+>#").find(text.front()) == std::string_view::npos;
}

struct Fence {
  char mark = 0;
  std::size_t length = 0;
};

/// What opens a code block. Lists indent them, so any indentation counts.
Fence fence_of(std::string_view line) noexcept {
  const auto text = trim(line);
  if (text.empty() || (text.front() != '`' && text.front() != '~')) return {};
  const auto length = std::min(text.find_first_not_of(text.front()), text.size());
  if (length < 3 || (text.front() == '`' && text.find('`', length) != std::string_view::npos)) return {};
  return {text.front(), length};
}

bool closes(const Fence& fence, std::string_view line) noexcept {
  const auto text = trim(line);
  return text.size() >= fence.length && text.find_first_not_of(fence.mark) == std::string_view::npos;
}

class Reader {
 public:
  Reader(std::string_view document, const PassageSize& size) : document_(document), size_(size) {
    at_ = read_front_matter(document_, out_.title, out_.words);
    passage_begin_ = passage_end_ = block_begin_ = at_;
  }

  Markdown read() {
    const auto most = 4 * size_.sections;
    while (at_ < document_.size() && out_.passages.size() < most) read_block();
    end_passage();
    return std::move(out_);
  }

 private:
  /// The line at `at`, with its end; empty at the end of the document.
  std::string_view line_at(std::size_t at) const noexcept {
    const auto end = document_.find('\n', at);
    return document_.substr(at, end == std::string_view::npos ? document_.npos : end + 1 - at);
  }

  void read_block() {
    const auto line = line_at(at_);
    std::string_view heading;
    if (is_blank(line)) {
      at_ += line.size();
    } else if (const auto level = atx_level(line, heading); level != 0) {
      block_begin_ = at_;
      at_ += line.size();
      open_section(level, heading);
    } else if (const auto fence = fence_of(line); fence.length != 0) {
      read_code(fence);
    } else if (trim(line).starts_with("<!--") && read_comment()) {
      return;
    } else {
      read_paragraph();
    }
  }

  void read_code(const Fence& fence) {
    block_begin_ = at_;
    at_ += line_at(at_).size();
    while (at_ < document_.size()) {
      const auto line = line_at(at_);
      at_ += line.size();
      if (closes(fence, line)) break;
    }
    add_block();
  }

  /// False when it never ends: then it is text.
  bool read_comment() {
    if (!has_comment_end_) return false;
    const auto end = document_.find("-->", at_);
    has_comment_end_ = end != std::string_view::npos;
    if (!has_comment_end_) return false;
    end_passage();
    at_ = end + 3;
    passage_begin_ = passage_end_ = at_;
    return true;
  }

  /// Up to a blank line, or to what begins another block.
  void read_paragraph() {
    block_begin_ = at_;
    std::size_t lines = 0;
    for (std::string_view first; at_ < document_.size(); ++lines) {
      const auto line = line_at(at_);
      std::string_view heading;
      if (lines == 0) first = line;
      if (is_blank(line) || (lines > 0 && (atx_level(line, heading) != 0 || fence_of(line).length != 0))) break;
      if (const auto level = underline_level(line); level != 0 && lines == 1 && is_plain(first)) {
        at_ += line.size();
        return open_section(level, trim(first));
      }
      at_ += line.size();
    }
    add_block();
  }

  void open_section(std::size_t level, std::string_view heading) {
    const std::string text(base::truncate_utf8(heading, kLongestHeading));
    if (out_.title.empty()) out_.title = text;
    if (out_.passages.size() >= size_.sections) return add_block();  // It is text like any other now.
    end_passage();
    passage_begin_ = passage_end_ = at_;
    headings_.resize(level - 1);  // "## a" may come before any "# b".
    headings_.push_back(text);
  }

  /// The block from block_begin_ to at_ joins the passage or begins the next one.
  void add_block() {
    if (at_ - block_begin_ > size_.most) return add_long_block();
    const bool is_full = passage_end_ > passage_begin_ && at_ - passage_begin_ > size_.wanted;
    if (is_full) {
      const bool overlaps = last_block_ > passage_begin_ && passage_end_ - last_block_ <= size_.overlap &&
                            at_ - last_block_ <= size_.wanted;
      const auto begin = overlaps ? last_block_ : block_begin_;
      end_passage();
      passage_begin_ = begin;
    }
    last_block_ = block_begin_;
    passage_end_ = at_;
  }

  void add_long_block() {
    end_passage();
    auto begin = block_begin_;
    const auto end = at_;
    while (end - begin > size_.most) {
      auto piece = document_.substr(begin, size_.most);
      if (const auto line = piece.rfind('\n'); line != std::string_view::npos && line > 0)
        piece = piece.substr(0, line + 1);
      else if (const auto whole = base::truncate_utf8(document_.substr(begin), size_.most); !whole.empty())
        piece = whole;  // Else it is no UTF-8 and may be cut anywhere.
      passage_begin_ = begin;
      passage_end_ = begin += piece.size();
      end_passage();
    }
    passage_begin_ = last_block_ = begin;
    passage_end_ = end;
  }

  void end_passage() {
    const auto text = trim(document_.substr(passage_begin_, passage_end_ - passage_begin_));
    if (!text.empty()) {
      Passage passage{.headings = {}, .text = text};
      for (const auto& heading : headings_)
        if (!heading.empty()) passage.headings.push_back(heading);
      out_.passages.push_back(std::move(passage));
    }
    passage_begin_ = last_block_ = passage_end_;
  }

  const std::string_view document_;
  const PassageSize size_;
  Markdown out_;
  std::vector<std::string> headings_;  // By level; those that were skipped are empty.
  std::size_t at_ = 0;
  std::size_t passage_begin_ = 0, passage_end_ = 0;  // What the passage has so far.
  std::size_t last_block_ = 0;                       // Where its last block begins.
  std::size_t block_begin_ = 0;
  bool has_comment_end_ = true;
};

}  // namespace

Markdown read_markdown(std::string_view document, const PassageSize& size) { return Reader(document, size).read(); }

}  // namespace toolrack::services::knowledge

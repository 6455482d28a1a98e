/// Markdown cut into passages that can be found and read alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::services::knowledge {

/// In bytes.
struct PassageSize {
  std::size_t wanted = 1'600;  ///< A passage ends before the paragraph that would make it longer.
  std::size_t overlap = 240;   ///< Of a passage that was ended so, a last paragraph this short begins the next one too.
  std::size_t most = 8'192;    ///< Not even a code block or a table is longer; a longer one is cut between lines.
  std::size_t sections = 4'096;  ///< After so many passages headings end none any more: what is left is cut by size,
                                 ///< and after four times as many it is not read.
};

/// A piece of one section.
struct Passage {
  std::vector<std::string> headings;  ///< From the outermost to the one that the text stands under.
  std::string_view text;              ///< Into the document; neither empty nor blank, no white space around it.
};

struct Markdown {
  std::string title;               ///< Of the front matter, else the first heading; may be empty.
  std::vector<std::string> words;  ///< `keywords` and `tags` of the front matter.
  std::vector<Passage> passages;   ///< In the document's order.
};

/// Reads ATX and Setext headings, fenced code, paragraphs (tables and lists are some), front matter between two lines
/// of "---", and comments that begin a line: those two and what is blank become part of no passage. Anything is
/// Markdown; time and memory are linear in `document`, which must outlive the result.
Markdown read_markdown(std::string_view document, const PassageSize& size = {});

}  // namespace toolrack::services::knowledge

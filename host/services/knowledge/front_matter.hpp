/// What stands between two lines of "---" at the beginning of a Markdown file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::services::knowledge {

/// Where the document goes on behind its front matter; 0 when it has none. Takes `title`, and the words of `keywords`
/// and `tags`, given on their line with commas between them or as a list of "- word" lines. Other members are passed
/// over.
std::size_t read_front_matter(std::string_view document, std::string& title, std::vector<std::string>& words);

}  // namespace toolrack::services::knowledge

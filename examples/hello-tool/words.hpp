/// Counting words in HTML or plain text.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hello {

/// How often each word occurs; ASCII letters in lower case.
class Words {
 public:
  /// Tags, scripts, styles, comments and entities are no words; bytes that are not UTF-8 separate words.
  explicit Words(std::string_view html);

  int total() const noexcept { return total_; }
  int different() const noexcept { return static_cast<int>(counts_.size()); }
  /// The most frequent first, equally frequent ones in alphabetical order.
  std::vector<std::pair<std::string, int>> top(std::size_t how_many) const;

 private:
  void add(std::string_view text);

  std::map<std::string, int, std::less<>> counts_;
  int total_ = 0;
};

}  // namespace hello

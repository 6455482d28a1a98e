/// Bytes to base64, piece by piece, however they are cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::voice {

class Base64Out {
 public:
  /// For so many bytes in all; more may come.
  explicit Base64Out(std::size_t bytes) { text_.reserve((bytes + 2) / 3 * 4); }
  void add(std::string_view bytes);
  /// The whole text, padded. Nothing can be added after it.
  std::string finish() &&;

 private:
  void put(std::string_view three);

  std::string text_;
  std::string rest_;  // At most two bytes that wait for a third.
};

}  // namespace toolrack::voice

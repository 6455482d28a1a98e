#include "app/config_position.hpp"

#include <rapidjson/reader.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace toolrack::app {
namespace {

constexpr unsigned kFlags = rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag;

/// Follows the parse, keeping the pointer of the value that comes next, and notes the offset where a wanted one begins.
class Finder {
 public:
  Finder(std::string_view wanted, const rapidjson::StringStream& stream) : wanted_(wanted), stream_(stream) {}

  bool Null() { return scalar(); }
  bool Bool(bool) { return scalar(); }
  bool Int(int) { return scalar(); }
  bool Uint(unsigned) { return scalar(); }
  bool Int64(std::int64_t) { return scalar(); }
  bool Uint64(std::uint64_t) { return scalar(); }
  bool Double(double) { return scalar(); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return scalar(); }
  bool String(const char*, rapidjson::SizeType, bool) { return scalar(); }
  bool StartObject() { return open(false); }
  bool StartArray() { return open(true); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    std::string name;
    for (const char c : std::string_view(text, size)) {
      if (c == '~')
        name += "~0";
      else if (c == '/')
        name += "~1";
      else
        name += c;
    }
    levels_.back().step = std::move(name);
    return true;
  }

  std::size_t offset() const { return best_offset_; }

 private:
  struct Level {
    bool is_array;
    std::size_t next;
    std::string step;
  };

  void note() {
    std::string pointer;
    for (const auto& level : levels_) pointer += "/" + (level.is_array ? std::to_string(level.next) : level.step);
    const bool leads_there = wanted_ == pointer || (wanted_.starts_with(pointer) && wanted_[pointer.size()] == '/');
    if (!leads_there || pointer.size() < best_size_) return;
    best_size_ = pointer.size();
    best_offset_ = stream_.Tell();
  }
  void passed() {
    if (!levels_.empty() && levels_.back().is_array) ++levels_.back().next;
  }
  bool scalar() {
    note();
    passed();
    return true;
  }
  bool open(bool is_array) {
    note();
    levels_.push_back({is_array, 0, {}});
    return true;
  }
  bool close() {
    levels_.pop_back();
    passed();
    return true;
  }

  const std::string_view wanted_;
  const rapidjson::StringStream& stream_;
  std::vector<Level> levels_;
  std::size_t best_size_ = 0, best_offset_ = 0;
};

/// Ends the parse at a name that its object has already.
class RepetitionFinder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, RepetitionFinder> {
 public:
  bool StartObject() {
    names_.emplace_back();
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    names_.pop_back();
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) { return names_.back().emplace(text, size).second; }

 private:
  std::vector<std::set<std::string>> names_;  // Of the objects that are open.
};

/// What reads by vector instructions looks ahead.
std::string terminated(std::string_view text) { return std::string(text).append(16, '\0'); }

std::size_t line_at(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

}  // namespace

std::size_t line_of(std::string_view text, std::string_view pointer) {
  const auto copy = terminated(text);
  rapidjson::StringStream stream(copy.c_str());
  Finder finder(pointer, stream);
  rapidjson::Reader reader;
  reader.Parse<kFlags>(stream, finder);
  return line_at(text, finder.offset());
}

std::size_t line_of_repeated_name(std::string_view text) {
  const auto copy = terminated(text);
  rapidjson::StringStream stream(copy.c_str());
  RepetitionFinder finder;
  rapidjson::Reader reader;
  reader.Parse<kFlags>(stream, finder);
  const bool is_found = reader.GetParseErrorCode() == rapidjson::kParseErrorTermination;
  return is_found ? line_at(text, reader.GetErrorOffset()) : 0;
}

}  // namespace toolrack::app

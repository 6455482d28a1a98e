/// HTTP headers or kv rows of a finished operation, copied out of the host's frame in one allocation.
#pragma once

#include <toolrack/view.hpp>

#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace toolrack {

/// Immutable after construction; copies share nothing.
class Fields {
 public:
  Fields() noexcept = default;
  Fields(const tr_field* fields, std::size_t count) : count_(count) {
    std::size_t size = count * sizeof(tr_field);
    for (std::size_t i = 0; i < count; ++i) size += fields[i].name.size + fields[i].value.size;
    if (count == 0) return;
    block_.reset(new tr_field[(size + sizeof(tr_field) - 1) / sizeof(tr_field)]);
    char* text = reinterpret_cast<char*>(block_.get() + count);
    for (std::size_t i = 0; i < count; ++i) {
      block_[i] = tr_field{keep(fields[i].name, text), keep(fields[i].value, text)};
    }
  }
  Fields(const Fields& other) : Fields(other.block_.get(), other.count_) {}
  Fields(Fields&& other) noexcept : block_(std::move(other.block_)), count_(std::exchange(other.count_, 0)) {}
  Fields& operator=(Fields other) noexcept {
    block_.swap(other.block_);
    std::swap(count_, other.count_);
    return *this;
  }

  std::span<const tr_field> all() const noexcept { return {block_.get(), count_}; }

  /// The first field with that name, letter case aside (HTTP header names); empty when there is none.
  View find(std::string_view name) const noexcept {
    for (const tr_field& field : all()) {
      if (same(view(field.name), name)) return view(field.value);
    }
    return {};
  }

 private:
  static tr_str keep(tr_str text, char*& at) noexcept {
    if (text.size != 0) std::memcpy(at, text.data, text.size);
    const tr_str kept{at, text.size};
    at += text.size;
    return kept;
  }
  static char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
  static bool same(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
  }

  std::unique_ptr<tr_field[]> block_;
  std::size_t count_ = 0;
};

}  // namespace toolrack

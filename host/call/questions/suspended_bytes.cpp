/// A suspended call as bytes: its members one after another, numbers as eight bytes, texts after their length. It lives
/// for minutes under a seal that names the form, so it is small and quick rather than made to be read by others.
#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>

#include "call/questions/suspended_call.hpp"

namespace toolrack::call {
namespace {

class Writer {
 public:
  static constexpr bool kReads = false;
  void operator()(std::integral auto number) {
    const auto wide = static_cast<std::uint64_t>(number);
    for (unsigned i = 0; i < sizeof wide; ++i) bytes += static_cast<char>(wide >> (8 * i) & 0xff);
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes += text;
  }
  template <typename T, typename Pass>
  void each(const std::vector<T>& list, Pass pass) {
    (*this)(list.size());
    for (const auto& one : list) pass(one);
  }
  std::string bytes;
};

/// After the first fault whatever it reads is nothing.
class Reader {
 public:
  static constexpr bool kReads = true;
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <std::integral T>
  void operator()(T& number) {
    std::uint64_t wide = 0;
    const auto bytes = take(sizeof wide);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      wide |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    number = static_cast<T>(wide);
  }
  void operator()(std::string& text) {
    std::size_t size = 0;
    (*this)(size);
    text = take(size);
  }
  template <typename T, typename Pass>
  void each(std::vector<T>& list, Pass pass) {
    std::size_t size = 0;
    (*this)(size);
    for (; size > 0 && !is_broken_; --size) pass(list.emplace_back());
  }
  bool has_read_all() const noexcept { return !is_broken_ && left_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    is_broken_ |= size > left_.size();
    if (is_broken_) return {};
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::string_view left_;
  bool is_broken_ = false;
};

template <typename Archive, typename Money>
void pass_money(Archive& archive, Money& money) {
  auto micros = money.micros();
  archive(micros);
  if constexpr (Archive::kReads) money = base::Money::from_micros(micros);
}

/// The one place that says what is kept, and in which order.
template <typename Archive, typename Call>
void pass(Archive& archive, Call& call) {
  for (auto* text : {&call.call_id, &call.tool, &call.skill, &call.backend}) archive(*text);
  for (auto* number : {&call.run, &call.kinds, &call.attempt}) archive(*number);
  archive.each(call.attempts, [&](auto& one) {
    for (auto* text : {&one.backend, &one.error, &one.message}) archive(*text);
    archive(one.took_ns);
  });
  archive.each(call.operations, [&](auto& one) {
    for (auto* text : {&one.service, &one.request, &one.reply}) archive(*text);
    archive(one.ended);
  });
  archive.each(call.open, [&](auto& one) {
    auto kind = static_cast<std::uint8_t>(one.kind);
    archive(kind);
    if constexpr (Archive::kReads) one.kind = static_cast<registry::QuestionKind>(kind);
    for (auto* text : {&one.key, &one.message, &one.params_json, &one.url}) archive(*text);
  });
  auto steps = call.steps.all();
  archive.each(steps, [&](auto& one) {
    for (auto* text : {&one.key, &one.value}) archive(*text);
    for (auto* flag : {&one.is_done, &one.is_lost}) archive(*flag);
  });
  if constexpr (Archive::kReads) call.steps = Steps::from(std::move(steps));
  pass_money(archive, call.nested.cost);
  archive(call.nested.count);
  archive.each(call.nested.calls, [&](auto& one) {
    for (auto* text : {&one.request_id, &one.tool, &one.version, &one.skill, &one.error}) archive(*text);
    pass_money(archive, one.cost);
  });
  pass_money(archive, call.nested_committed);
  archive(call.nested_started);
}

}  // namespace

std::string to_bytes(const SuspendedCall& call) {
  Writer writer;
  pass(writer, call);
  return std::move(writer.bytes);
}

base::Result<SuspendedCall> suspended_call_from(std::string_view bytes) {
  SuspendedCall call;
  Reader reader(bytes);
  pass(reader, call);
  if (!reader.has_read_all()) return base::fail(base::ErrorCode::kStoreFailed, "the record of the call is damaged");
  return call;
}

}  // namespace toolrack::call

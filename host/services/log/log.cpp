#include "services/log/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <memory>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "services/log/escape.hpp"
#include "services/log/recent.hpp"

namespace toolrack::services::log {
namespace {

constexpr std::array<std::string_view, 8> kLevelNames = {"debug", "info",     "notice", "warning",
                                                         "error", "critical", "alert",  "emergency"};
constexpr std::size_t kMaxPluginText = 4 << 10;
constexpr base::json::Limits kPluginFields{
    .max_bytes = 4 << 10, .max_depth = 4, .max_values = 64, .max_number_digits = 40};

std::atomic<Level> current_level{Level::kInfo};
std::atomic<Format> current_format{Format::kText};

std::string_view name_of(Level level) noexcept {
  const auto index = static_cast<std::size_t>(level);
  return kLevelNames[index < kLevelNames.size() ? index : kLevelNames.size() - 1];
}

/// spdlog brings the lock and the whole line in one write; what a line looks like is decided here.
void emit(std::string_view line) {
  static const auto logger = [] {
    auto made = std::make_unique<spdlog::logger>("toolrack", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%v");
    return made;
  }();
  logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

/// Builds one line in the format that is set.
class Line {
 public:
  /// `is_foreign`: the message is not a constant of ours and must not look like fields.
  Line(Format format, std::int64_t unix_ns, Level level, std::string_view message, bool is_foreign)
      : is_json_(format == Format::kJson) {
    const auto time = base::to_rfc3339(unix_ns);
    if (is_json_) {
      fmt::format_to(out(), R"({{"time":"{}","level":"{}","message":)", time.text, name_of(level));
      append_json_string(buffer_, message);
    } else {
      fmt::format_to(out(), "{} {:<9} ", time.text, name_of(level));
      is_foreign ? append_word(buffer_, message) : append_plain(buffer_, message);
    }
  }

  void add(std::string_view name, std::string_view value) {
    begin(name);
    is_json_ ? append_json_string(buffer_, value) : append_word(buffer_, value);
  }
  void add(std::string_view name, std::int64_t value) { begin(name), fmt::format_to(out(), "{}", value); }
  void add(std::string_view name, std::uint64_t value) { begin(name), fmt::format_to(out(), "{}", value); }
  void add(std::string_view name, bool value) { begin(name), fmt::format_to(out(), "{}", value); }
  void add(std::string_view name, double value) {
    begin(name);
    // JSON has no word for infinity.
    if (is_json_ && !(value - value == 0)) {
      buffer_.append(std::string_view("null"));
    } else {
      fmt::format_to(out(), "{}", value);
    }
  }
  /// Well-formed JSON. What append_plain escapes can only stand in its strings, where the escape means the same.
  void add_json(std::string_view name, std::string_view json) {
    begin(name);
    append_plain(buffer_, json);
  }

  std::string_view end() {
    if (is_json_) buffer_.push_back('}');
    return {buffer_.data(), buffer_.size()};
  }

 private:
  fmt::appender out() { return fmt::appender(buffer_); }
  void begin(std::string_view name) {
    if (is_json_) {
      buffer_.push_back(',');
      append_json_string(buffer_, name);
      buffer_.push_back(':');
    } else {
      buffer_.push_back(' ');
      append_plain(buffer_, name);
      buffer_.push_back('=');
    }
  }

  const bool is_json_;
  fmt::memory_buffer buffer_;
};

/// Keeps the line as JSON, and writes it in the format that is set. `add_fields` is called for each.
template <typename AddFields>
void put(Level level, std::string_view message, bool is_foreign, std::string_view tool, std::string_view request_id,
         AddFields add_fields) {
  const auto now = base::system_clock().unix_ns();
  Line kept(Format::kJson, now, level, message, is_foreign);
  add_fields(kept);
  const auto json = kept.end();
  if (current_format.load(std::memory_order_relaxed) == Format::kJson) {
    emit(json);
  } else {
    Line line(Format::kText, now, level, message, is_foreign);
    add_fields(line);
    emit(line.end());
  }
  recent().add(
      {.level = level, .tool = std::string(tool), .request_id = std::string(request_id), .json = std::string(json)});
}

/// The text of the field `name`; empty when there is none.
std::string_view find_text(std::initializer_list<Field> fields, std::string_view name) {
  for (const auto& field : fields)
    if (const auto* text = std::get_if<std::string_view>(&field.value); text != nullptr && field.name == name)
      return *text;
  return {};
}

}  // namespace

void set_level(Level level) noexcept { current_level.store(level, std::memory_order_relaxed); }

bool parse_level(std::string_view name, Level& level) noexcept {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] != name) continue;
    level = static_cast<Level>(i);
    return true;
  }
  return false;
}

void set_format(Format format) noexcept { current_format.store(format, std::memory_order_relaxed); }

bool enabled(Level level) noexcept { return level >= current_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  put(level, message, false, find_text(fields, "tool"), find_text(fields, "request_id"), [&](Line& line) {
    for (const auto& field : fields) std::visit([&](auto value) { line.add(field.name, value); }, field.value);
  });
}

void write_plugin(Level level, std::string_view tool, std::string_view request_id, std::string_view text,
                  std::string_view fields_json) {
  if (!enabled(level)) return;
  std::string object, problem;
  if (!fields_json.empty()) {
    const auto fields = base::json::parse(fields_json, kPluginFields);
    if (!fields)
      problem = fields.error().message();
    else if (!fields->IsObject())
      problem = "The fields are no JSON object";
    else
      object = base::json::dump(*fields);
  }
  put(level, text.substr(0, kMaxPluginText), true, tool, request_id, [&](Line& line) {
    line.add("tool", tool);
    if (!request_id.empty()) line.add("request_id", request_id);
    if (text.size() > kMaxPluginText) line.add("text_bytes", static_cast<std::uint64_t>(text.size()));
    if (!problem.empty()) line.add("fields_dropped", std::string_view(problem));
    if (!object.empty()) line.add_json("fields", object);
  });
}

}  // namespace toolrack::services::log

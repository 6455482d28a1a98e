/// Structured logs on stderr: one line an event, a constant message and fields. Never a secret, never a body.
///
/// Threads: all functions from any thread. Text for a terminal, JSON lines elsewhere (`set_format`).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace toolrack::services::log {

/// As in RFC 5424, lowest first; the numbers of abi.h.
enum class Level : std::uint8_t { kDebug, kInfo, kNotice, kWarning, kError, kCritical, kAlert, kEmergency };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;
};

void set_level(Level level) noexcept;
/// Reads "debug", "info", "notice", "warning", "error" ...; false when it is none of them.
bool parse_level(std::string_view name, Level& level) noexcept;
enum class Format : std::uint8_t { kText, kJson };
void set_format(Format format) noexcept;

/// One relaxed load: ask before work is done for a line.
bool enabled(Level level) noexcept;
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
/// A line of a plugin: `fields_json` is a JSON object from outside or empty; it is checked and bounded.
void write_plugin(Level level, std::string_view tool, std::string_view request_id, std::string_view text,
                  std::string_view fields_json);

}  // namespace toolrack::services::log

#include "app/safe_mode.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

namespace json = base::json;
namespace log = services::log;
using sources::native::FrameBoard;

constexpr auto kWindowNs = std::chrono::nanoseconds(SafeMode::kWindow).count();

std::filesystem::path marker_of(const std::filesystem::path& data) { return data / "running"; }
/// The same for every start with this directory.
std::filesystem::path board_of(const std::filesystem::path& data) {
  struct stat info {};
  if (::access("/dev/shm", W_OK | X_OK) != 0 || ::stat(data.c_str(), &info) != 0) return data / "frames";
  return fmt::format("/dev/shm/toolrack-frames-{}-{:x}-{:x}", ::geteuid(), info.st_dev, info.st_ino);
}
std::filesystem::path ends_of(const std::filesystem::path& data) { return data / "unclean_ends.json"; }

std::string join_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

SafeMode::SafeMode(std::filesystem::path data, const base::Clock& clock)
    : data_(std::move(data)), board_file_(board_of(data_)), clock_(clock) {}

base::Result<std::unique_ptr<SafeMode>> SafeMode::open(const std::filesystem::path& data, const base::Clock& clock) {
  std::unique_ptr<SafeMode> made(new SafeMode(data, clock));
  made->recall();
  std::error_code ignored;
  if (std::filesystem::exists(marker_of(data), ignored)) {
    made->ends_.push_back({clock.unix_ns(), FrameBoard::read(made->board_file_)});
    log::write(log::Level::kWarning, "the gateway before this one ended without being told to",
               {{"running", join_names(made->ends_.back().running)}});
    TRY(made->remember());
  }
  made->frames_ = TRY(FrameBoard::create(made->board_file_));
  if (!std::ofstream(marker_of(data), std::ios::trunc))
    return base::fail(base::ErrorCode::kStoreFailed, fmt::format("cannot write {}", marker_of(data).string()));
  made->find_suspects();
  if (made->ends_.size() < kEnds) return made;
  made->until_monotonic_ns_ = clock.monotonic_ns() + kWindowNs;
  made->until_unix_ns_ = clock.unix_ns() + kWindowNs;
  made->is_on_.store(true, std::memory_order_relaxed);
  log::write(log::Level::kCritical, "safe mode: plugins that do not ship with Toolrack run in processes of their own",
             {{"reason",
               fmt::format("the gateway ended {} times within ten minutes without being told to", made->ends_.size())},
              {"suspects", made->suspects_.empty() ? std::string("none") : join_names(made->suspects_)},
              {"remedy", "mend or remove what is suspected, then `toolrack plugins end-safe-mode`"}});
  return made;
}

/// A file that cannot be read is as good as none: it must not keep the gateway from starting.
void SafeMode::recall() {
  std::ifstream file(ends_of(data_), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return;
  const auto read = json::parse(text);
  if (!read || !read->IsArray()) return;
  const auto now = clock_.unix_ns();
  for (const auto& one : read->GetArray()) {
    if (!one.IsObject()) continue;
    UncleanEnd end;
    end.unix_ns = json::find_int(one, "unix_ns").value_or(0);
    if (end.unix_ns > now || now - end.unix_ns > kWindowNs) continue;
    if (const auto* running = json::find(one, "running"); running != nullptr && running->IsArray())
      for (const auto& name : running->GetArray())
        if (name.IsString()) end.running.emplace_back(json::view(name));
    ends_.push_back(std::move(end));
  }
}

base::Result<void> SafeMode::remember() const {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartArray();
  for (const auto& end : ends_) {
    writer.StartObject();
    json::key(writer, "unix_ns");
    writer.Int64(end.unix_ns);
    json::key(writer, "running");
    writer.StartArray();
    for (const auto& name : end.running) json::put(writer, name);
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  const auto path = ends_of(data_), temporary = std::filesystem::path(path.string() + ".new");
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << json::view(buffer);
    if (!file.flush())
      return base::fail(base::ErrorCode::kStoreFailed, fmt::format("cannot write {}", temporary.string()));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error)
    return base::fail(base::ErrorCode::kStoreFailed,
                      fmt::format("cannot write {}: {}", path.string(), error.message()));
  return {};
}

void SafeMode::find_suspects() {
  std::map<std::string, std::size_t> times;
  for (const auto& end : ends_) {
    std::set<std::string> tools;
    for (const auto& name : end.running) tools.insert(name.substr(0, name.find('.')));
    for (const auto& tool : tools) ++times[tool];
  }
  std::size_t most = 0;
  for (const auto& [tool, count] : times) most = std::max(most, count);
  for (const auto& [tool, count] : times)
    if (count == most) suspects_.push_back(tool);
}

bool SafeMode::is_on() const noexcept {
  return is_on_.load(std::memory_order_relaxed) && clock_.monotonic_ns() < until_monotonic_ns_;
}

base::Result<void> SafeMode::end() {
  is_on_.store(false, std::memory_order_relaxed);
  if (::unlink(ends_of(data_).c_str()) == 0 || errno == ENOENT) return {};
  return base::fail(base::ErrorCode::kStoreFailed,
                    fmt::format("cannot remove {}: {}", ends_of(data_).string(), std::strerror(errno)));
}

void SafeMode::expect_end() noexcept {
  ::unlink(marker_of(data_).c_str());
  ::unlink(board_file_.c_str());
}

std::string SafeMode::json() const {
  const bool is_active = is_on();
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "active");
  writer.Bool(is_active);
  json::key(writer, "unclean_ends");
  writer.Uint64(ends_.size());
  json::key(writer, "suspects");
  writer.StartArray();
  for (const auto& tool : suspects_) json::put(writer, tool);
  writer.EndArray();
  if (is_active) {
    json::key(writer, "until");
    json::put(writer, base::to_rfc3339(until_unix_ns_).text);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::app

#include "app/port_holder.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace toolrack::app {
namespace {

template <typename Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// "socket:[<inode>]" of every socket that listens on `port`, whatever its address.
std::set<std::string, std::less<>> listening_sockets(std::uint16_t port) {
  constexpr std::string_view kListening = "0A";
  std::set<std::string, std::less<>> out;
  for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // The names of the columns.
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
      if (state != kListening ||
          number<std::uint16_t>(std::string_view(local).substr(local.rfind(':') + 1), 16) != port)
        continue;
      out.insert("socket:[" + inode + "]");
    }
  }
  return out;
}

}  // namespace

std::optional<PortHolder> port_holder(std::uint16_t port) {
  namespace fs = std::filesystem;
  const auto sockets = listening_sockets(port);
  if (sockets.empty()) return std::nullopt;
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), none; !error && process != none; process.increment(error)) {
    const auto pid = number<pid_t>(process->path().filename().string());
    if (!pid) continue;
    std::error_code closed;  // It ends meanwhile, or belongs to another user.
    for (fs::directory_iterator entry(process->path() / "fd", closed); !closed && entry != none;
         entry.increment(closed)) {
      std::error_code gone;
      if (!sockets.contains(fs::read_symlink(entry->path(), gone).string())) continue;
      PortHolder holder{.pid = *pid, .name = {}};
      std::ifstream name(process->path() / "comm");
      std::getline(name, holder.name);
      return holder;
    }
  }
  return std::nullopt;
}

}  // namespace toolrack::app

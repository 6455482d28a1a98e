/// A name server for one zone of lies: successive answers, all with a lifetime of zero.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace toolrack::test {

/// UDP only. A thread answers; all functions from any thread.
class ScriptedDnsServer {
 public:
  /// Listens at port 53 unless told otherwise, so inside a network namespace.
  explicit ScriptedDnsServer(const std::string& address = "127.0.0.1", std::uint16_t port = 53);
  ~ScriptedDnsServer();
  ScriptedDnsServer(const ScriptedDnsServer&) = delete;
  ScriptedDnsServer& operator=(const ScriptedDnsServer&) = delete;

  /// The n-th question is answered with the n-th list of addresses (both families in one list); the last list stays.
  void on(const std::string& name, std::vector<std::vector<std::string>> answers);
  /// Questions for that name are never answered. Names without a script do not exist.
  void ignore(const std::string& name);
  /// How often the IPv4 addresses of a name were asked for.
  std::size_t questions(const std::string& name) const;

 private:
  struct Name {
    std::vector<std::vector<std::string>> answers;
    bool is_ignored = false;
    std::map<int, std::size_t> asked;  ///< By record type.
  };
  void serve();
  std::string answer(std::string_view question);

  int socket_ = -1;
  int stop_ = -1;
  mutable std::mutex mutex_;
  std::map<std::string, Name> names_;
  std::thread thread_;
};

}  // namespace toolrack::test

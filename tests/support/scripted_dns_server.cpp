#include "support/scripted_dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace toolrack::test {
namespace {

constexpr int kTypeA = 1;
constexpr int kTypeAaaa = 28;
constexpr std::size_t kHeaderSize = 12;
constexpr char kNoSuchName = 3;

/// The bytes of an address of that record type, "" when the text is of the other family.
std::string address_bytes(const std::string& text, int type) {
  char bytes[16];
  if (type == kTypeA && inet_pton(AF_INET, text.c_str(), bytes) == 1) return {bytes, 4};
  if (type == kTypeAaaa && inet_pton(AF_INET6, text.c_str(), bytes) == 1) return {bytes, 16};
  return {};
}

}  // namespace

ScriptedDnsServer::ScriptedDnsServer(const std::string& address, std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &here.sin_addr);
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0) {
    throw std::runtime_error("the test name server cannot listen at " + address);
  }
  thread_ = std::thread([this] { serve(); });
}

ScriptedDnsServer::~ScriptedDnsServer() {
  const std::uint64_t one = 1;
  if (::write(stop_, &one, sizeof one) > 0) thread_.join();
  ::close(socket_);
  ::close(stop_);
}

void ScriptedDnsServer::on(const std::string& name, std::vector<std::vector<std::string>> answers) {
  const std::lock_guard lock(mutex_);
  names_[name].answers = std::move(answers);
}

void ScriptedDnsServer::ignore(const std::string& name) {
  const std::lock_guard lock(mutex_);
  names_[name].is_ignored = true;
}

std::size_t ScriptedDnsServer::questions(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  if (found == names_.end()) return 0;
  const auto asked = found->second.asked.find(kTypeA);
  return asked == found->second.asked.end() ? 0 : asked->second;
}

void ScriptedDnsServer::serve() {
  std::array<char, 1500> buffer;
  while (true) {
    pollfd waits[] = {{stop_, POLLIN, 0}, {socket_, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0 || waits[0].revents != 0) return;
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const auto count = ::recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (count < static_cast<ssize_t>(kHeaderSize)) continue;
    const auto reply = answer({buffer.data(), static_cast<std::size_t>(count)});
    if (!reply.empty()) ::sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
  }
}

std::string ScriptedDnsServer::answer(std::string_view question) {
  std::string name;
  std::size_t at = kHeaderSize;
  while (at < question.size() && question[at] != 0) {
    const auto length = static_cast<unsigned char>(question[at]);
    name += (name.empty() ? "" : ".") + std::string(question.substr(at + 1, length));
    at += 1 + length;
  }
  if (at + 5 > question.size()) return {};
  const int type = static_cast<unsigned char>(question[at + 1]) << 8 | static_cast<unsigned char>(question[at + 2]);

  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  std::vector<std::string> addresses;
  if (found != names_.end()) {
    auto& script = found->second;
    const auto turn = script.asked[type]++;
    if (script.is_ignored) return {};
    if (!script.answers.empty()) {
      for (const auto& text : script.answers[std::min(turn, script.answers.size() - 1)]) {
        if (auto bytes = address_bytes(text, type); !bytes.empty()) addresses.push_back(std::move(bytes));
      }
    }
  }
  // The question again, as an answer by the authority, without the additional records that the client may have sent.
  std::string reply(question.substr(0, at + 5));
  reply[2] = static_cast<char>(0x84 | (question[2] & 1));
  reply[3] = found == names_.end() ? kNoSuchName : 0;
  reply[7] = static_cast<char>(addresses.size());
  reply[6] = reply[8] = reply[9] = reply[10] = reply[11] = 0;
  for (const auto& bytes : addresses) {
    reply.append("\xc0\x0c", 2);               // The name, by its offset.
    reply.append(question.substr(at + 1, 4));  // Type and class as asked.
    reply.append(std::string(4, '\0'));        // To live: 0 s.
    reply.append({'\0', static_cast<char>(bytes.size())}).append(bytes);
  }
  return reply;
}

}  // namespace toolrack::test

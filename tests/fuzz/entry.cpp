#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <random>
#include <string>

#include "fuzz/fuzz.hpp"

namespace toolrack::fuzz {
namespace {

std::int64_t cpu_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

std::uint64_t hash(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a: the same in every run and library.
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace

void require(bool holds, std::string_view promise, std::string_view detail) {
  if (holds) return;
  std::fprintf(stderr, "Broken promise: %.*s\n%.*s\n", static_cast<int>(promise.size()), promise.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

std::vector<std::string_view> cut(std::string_view bytes, std::uint64_t variant) {
  std::minstd_rand random(static_cast<std::uint32_t>((hash(bytes) + variant * 0x9e3779b97f4a7c15U) >> 32 | 1));
  // Small and large pieces alike: a cut in the middle of a token matters as much as one that leaves much behind it.
  static constexpr std::size_t kLargest[] = {2, 8, 64, 1024};
  const auto largest = kLargest[random() % std::size(kLargest)];
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    pieces.push_back(bytes.substr(0, 1 + random() % largest));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

std::vector<std::string_view> cut_all(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (; !bytes.empty(); bytes.remove_prefix(1)) pieces.push_back(bytes.substr(0, 1));
  return pieces;
}

std::string_view take_until(std::string_view& rest, std::string_view separator) {
  const auto at = rest.find(separator);
  const auto taken = rest.substr(0, at);
  rest.remove_prefix(at == rest.npos ? rest.size() : at + separator.size());
  return taken;
}

}  // namespace toolrack::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace toolrack::fuzz;
  const auto before = cpu_ms();
  check({reinterpret_cast<const char*>(data), size});
  const auto spent = cpu_ms() - before;
  require(spent <= kMaxCpuMs, "an input costs little", std::to_string(spent) + " ms of processor time");
  return 0;
}

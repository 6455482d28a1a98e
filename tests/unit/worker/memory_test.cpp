#include "worker/memory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

namespace toolrack::worker {
namespace {

constexpr std::size_t kSize = 1 << 20;
constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/// Memory as a hostile worker may make it.
int make_memory(unsigned flags, std::size_t written, std::size_t size, int seals) {
  const int memory = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
  if (memory < 0) return -1;
  const std::string bytes(written, 'x');
  if (written != 0) EXPECT_EQ(::write(memory, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(::ftruncate(memory, static_cast<off_t>(size)), 0);
  if (seals != 0) EXPECT_EQ(::fcntl(memory, F_ADD_SEALS, seals), 0);
  return memory;
}

TEST(SealedMemory, HoldsWhatWasPutInAndNothingElseCanBePutIn) {
  const std::string bytes(kSize, 'x');
  const int memory = make_sealed(bytes);
  ASSERT_GE(memory, 0);
  const auto mapped = SealedMemory::map(memory, kSize);
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->bytes() == bytes);
  EXPECT_EQ(::write(memory, "y", 1), -1);
  EXPECT_EQ(::ftruncate(memory, 0), -1);
  EXPECT_EQ(::ftruncate(memory, 2 * kSize), -1);
  EXPECT_EQ(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0), MAP_FAILED);
  ::close(memory);
  EXPECT_TRUE(mapped->bytes() == bytes) << "without the descriptor as well";
}

TEST(SealedMemory, IsNotReadUnlessEverySealIsThere) {
  for (const int missing : {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, kAllSeals}) {
    const int memory = make_memory(0, kSize, kSize, kAllSeals & ~missing);
    EXPECT_FALSE(SealedMemory::map(memory, kSize)) << missing;
    ::close(memory);
  }
  const int memory = make_memory(0, kSize, kSize, kAllSeals);
  EXPECT_TRUE(SealedMemory::map(memory, kSize)) << "the control";
  ::close(memory);
}

TEST(SealedMemory, IsAsLongAsItWasSaidToBe) {
  const int memory = make_memory(0, kSize, kSize, kAllSeals);
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{kSize} - 1, std::uint64_t{kSize} + 1, ~std::uint64_t{0}})
    EXPECT_FALSE(SealedMemory::map(memory, size)) << size;
  ::close(memory);
}

TEST(SealedMemory, HasNoHolesThatWouldHaveToBeFilledByItsReader) {
  const int memory = make_memory(0, 4096, 64 * kSize, kAllSeals);
  EXPECT_FALSE(SealedMemory::map(memory, 64 * kSize));
  ::close(memory);
}

TEST(SealedMemory, IsNoHugePageThatMayBeMissing) {
  const int memory = make_memory(MFD_HUGETLB, 0, 2 * kSize, kAllSeals);
  if (memory < 0) GTEST_SKIP() << "this kernel has no huge pages";
  EXPECT_FALSE(SealedMemory::map(memory, 2 * kSize));
  ::close(memory);
}

TEST(SealedMemory, IsNoOtherKindOfDescriptor) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int file = ::open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
  for (const int one : {ends[0], file, -1}) EXPECT_FALSE(SealedMemory::map(one, kSize));
  for (const int one : {ends[0], ends[1], file}) ::close(one);
}

class DescriptorSocket : public ::testing::Test {
 protected:
  DescriptorSocket() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0); }
  ~DescriptorSocket() override {
    for (const int end : ends_) ::close(end);
  }
  static std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  int ends_[2] = {-1, -1};
};

TEST_F(DescriptorSocket, CarriesThemInTheirOrder) {
  for (const std::string bytes : {"first", "second"}) {
    const int memory = make_sealed(bytes);
    EXPECT_TRUE(give_descriptor(ends_[0], memory));
    ::close(memory);
  }
  for (const std::string_view bytes : {"first", "second"}) {
    const int taken = take_descriptor(ends_[1]);
    EXPECT_EQ(::fcntl(taken, F_GETFD), FD_CLOEXEC);
    const auto mapped = SealedMemory::map(taken, bytes.size());
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->bytes(), bytes);
    ::close(taken);
  }
}

TEST_F(DescriptorSocket, IsNeverWaitedFor) {
  EXPECT_EQ(take_descriptor(ends_[1]), -1) << "none is there";
  const int memory = make_sealed("once more");
  int given = 0;
  while (given < 100'000 && give_descriptor(ends_[0], memory)) ++given;
  EXPECT_GT(given, 10);
  EXPECT_LT(given, 100'000) << "it is full at some time";
  const int taken = take_descriptor(ends_[1]);
  EXPECT_GE(taken, 0);
  ::close(taken);
  ::close(memory);
}

TEST_F(DescriptorSocket, GivesNothingForBytesAlone) {
  ASSERT_EQ(::send(ends_[0], "plain", 5, MSG_NOSIGNAL), 5);
  EXPECT_EQ(take_descriptor(ends_[1]), -1);
  ::close(ends_[0]);
  ends_[0] = -1;
  while (::recv(ends_[1], std::array<char, 8>().data(), 8, 0) > 0) {
  }
  EXPECT_EQ(take_descriptor(ends_[1]), -1) << "the other end has gone";
}

TEST_F(DescriptorSocket, LeavesNoneOpenOfAMessageWithMany) {
  constexpr int kMany = 8;
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMany * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(kMany * sizeof(int));
  const std::array<int, kMany> same{};  // Standard input, as often.
  std::memcpy(CMSG_DATA(head), same.data(), sizeof same);
  const auto before = open_descriptors();
  ASSERT_EQ(::sendmsg(ends_[0], &message, MSG_NOSIGNAL), 1);
  const int taken = take_descriptor(ends_[1]);
  EXPECT_GE(taken, 0);
  ::close(taken);
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace toolrack::worker

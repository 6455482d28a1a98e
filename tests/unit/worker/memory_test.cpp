#include "worker/memory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
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

TEST(SealedMemory, TravelsBesideBytes) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const int memory = make_sealed("beside");
  ASSERT_EQ(send_with(ends[0], "plain", -1, 0), 5);
  ASSERT_EQ(send_with(ends[0], "with", memory, 0), 4);
  ::close(memory);
  std::string seen;
  std::vector<int> descriptors;
  while (seen.size() < 9) {
    char room[64];
    const auto got = receive_with(ends[1], room, descriptors, 0);
    ASSERT_GT(got, 0);
    seen.append(room, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(seen, "plainwith");
  ASSERT_EQ(descriptors.size(), 1U);
  EXPECT_EQ(::fcntl(descriptors[0], F_GETFD), FD_CLOEXEC);
  const auto mapped = SealedMemory::map(descriptors[0], 6);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->bytes(), "beside");
  for (const int one : {descriptors[0], ends[0], ends[1]}) ::close(one);
}

}  // namespace
}  // namespace toolrack::worker

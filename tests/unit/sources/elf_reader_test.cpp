#include "sources/native/elf_reader.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

std::string plugin(const std::string& name) {
  return (std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / (name + ".so")).string();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ElfReader : public ::testing::Test {
 protected:
  LoadResult<ElfInfo> read(std::string_view bytes) {
    const auto path = (directory_.path() / "file.so").string();
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return read_elf(path);
  }
  static std::string code(const LoadResult<ElfInfo>& result) {
    return result ? "ok" : std::string(result.error().name());
  }

 private:
  testing::TempDirectory directory_;
};

TEST_F(ElfReader, ReadsWhatAPluginSaysAboutItself) {
  const auto elf = read_elf(plugin("plain"));
  ASSERT_TRUE(elf) << elf.error().message();
  EXPECT_EQ(elf->build_id.size(), 40U);
  EXPECT_NE(elf->manifest.find("\"name\": \"plain\""), std::string::npos);
  EXPECT_EQ(elf->exported, std::vector<std::string>{"toolrack_entry_v1"});
  EXPECT_TRUE(elf->unique_symbols.empty());
  EXPECT_FALSE(elf->has_thread_destructors);
  EXPECT_FALSE(elf->has_executable_stack);
  EXPECT_FALSE(elf->has_text_relocations);
  EXPECT_FALSE(elf->never_unloads);
  EXPECT_FALSE(elf->has_two_manifests);
  EXPECT_EQ(elf->size, std::filesystem::file_size(plugin("plain")));
}

TEST_F(ElfReader, ReadsWhichVersionsOfOtherLibrariesItNeeds) {
  const auto elf = read_elf(plugin("sdk_skills"));
  ASSERT_TRUE(elf) << elf.error().message();
  const auto is_of_libstdcpp = [](const std::string& version) { return version.starts_with("GLIBCXX_3.4"); };
  EXPECT_TRUE(std::ranges::any_of(elf->versions, is_of_libstdcpp));
  EXPECT_NE(std::ranges::find(elf->versions, "GLIBC_2.2.5"), elf->versions.end());
}

TEST_F(ElfReader, SeesWhatWouldHarmOthers) {
  EXPECT_TRUE(read_elf(plugin("thread_local_kept"))->has_thread_destructors);
  EXPECT_TRUE(read_elf(plugin("executable_stack"))->has_executable_stack);
  EXPECT_TRUE(read_elf(plugin("text_relocation"))->has_text_relocations);
  EXPECT_TRUE(read_elf(plugin("two_manifests"))->has_two_manifests);
  EXPECT_EQ(read_elf(plugin("unique_symbols"))->unique_symbols, std::vector<std::string>{"toolrack_tests_unique"});
}

TEST_F(ElfReader, RefusesEveryTruncation) {
  for (const auto* name : {"plain", "sdk_skills", "unique_symbols"}) {
    const auto whole = read_file(plugin(name));
    ASSERT_GT(whole.size(), 1000U);
    for (std::size_t i = 0; i < 256; ++i) {
      const auto size = whole.size() * i / 256;
      EXPECT_EQ(code(read(std::string_view(whole).substr(0, size))), "E_TRUNCATED") << name << ": " << size;
    }
    EXPECT_EQ(code(read(std::string_view(whole).substr(0, whole.size() - 1))), "E_TRUNCATED") << name;
    EXPECT_EQ(code(read(whole)), "ok") << name << ": the whole file is the control";
  }
}

TEST_F(ElfReader, TellsForeignFilesApart) {
  auto bytes = read_file(plugin("plain"));
  EXPECT_EQ(code(read("#!/bin/sh\n" + std::string(1000, 'x'))), "E_NOT_ELF");
  auto other = bytes;
  other[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
  EXPECT_EQ(code(read(other)), "E_ARCH");
  other = bytes;
  other[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(code(read(other)), "E_ARCH");
  other = bytes;
  other[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  EXPECT_EQ(code(read(other)), "E_NOT_ELF");
  EXPECT_EQ(code(read_elf("/proc/self")), "E_NOT_ELF");
  EXPECT_EQ(code(read_elf("/does/not/exist.so")), "E_PERMISSIONS");
}

TEST_F(ElfReader, TakesSilenceAboutTheStackForAWish) {
  auto bytes = read_file(plugin("plain"));
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto at = header.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + at, sizeof segment);
    if (segment.p_type == PT_GNU_STACK) segment.p_type = PT_NULL;
    std::memcpy(bytes.data() + at, &segment, sizeof segment);
  }
  const auto elf = read(bytes);
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->has_executable_stack, header.e_machine == EM_X86_64) << "as the dynamic linker does";
}

TEST_F(ElfReader, SurvivesOffsetsThatOverflow) {
  const auto whole = read_file(plugin("plain"));
  for (const auto field : {offsetof(Elf64_Ehdr, e_phoff), offsetof(Elf64_Ehdr, e_shoff)}) {
    for (const std::uint64_t value :
         {~std::uint64_t{0}, ~std::uint64_t{0} - 63, std::uint64_t{1} << 63, whole.size() - 1}) {
      auto bytes = whole;
      std::memcpy(bytes.data() + field, &value, sizeof value);
      EXPECT_EQ(code(read(bytes)), "E_TRUNCATED") << field << " " << value;
    }
  }
}

TEST_F(ElfReader, SurvivesRandomDamage) {
  const auto whole = read_file(plugin("plain"));
  std::mt19937_64 random(20261121);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    auto bytes = whole;
    // The tables that hold offsets stand at both ends of the file.
    const auto near_begin = std::uniform_int_distribution<std::size_t>(0, 1023)(random);
    const auto near_end = bytes.size() - 1 - std::uniform_int_distribution<std::size_t>(0, 2047)(random);
    bytes[near_begin] = static_cast<char>(random());
    bytes[near_end] = static_cast<char>(random());
    refused += !read(bytes);
  }
  EXPECT_GT(refused, 100) << "some damage must be noticed";
}

}  // namespace
}  // namespace toolrack::sources::native

#include "sources/native/signature.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/encoding.hpp"
#include "sources/native/checked_file.hpp"

namespace toolrack::sources::native {
namespace {

using base::ErrorCode;

constexpr std::string_view kSignatureFormat = "toolrack-signature-1";
constexpr std::string_view kKeyFormat = "toolrack-signing-key-1";
constexpr std::size_t kMaxSmallFile = 4 << 10;

std::string message_of(std::string_view digest) { return fmt::format("toolrack-plugin-1\n{}\n", digest); }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// `path` as it can be pasted into a command.
std::string as_shell_word(const std::string& path) {
  const bool is_plain = std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+@").find(c) != std::string_view::npos;
  });
  if (is_plain) return path;
  std::string out = "'";
  for (const char c : path) {
    if (c == '\'') out += "'\\'";
    out += c;
  }
  return out + "'";
}

/// A key or signature file; nothing when there is none of a reasonable size.
std::optional<std::string> read_small(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kMaxSmallFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxSmallFile) return std::nullopt;
  return text;
}

/// The words of one line that begins with `format`; empty when it does not have `count` of them.
std::vector<std::string> words_of(std::string_view text, std::string_view format, std::size_t count) {
  std::vector<std::string> words;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  for (;;) {
    const auto blank = text.find(' ');
    words.emplace_back(text.substr(0, blank));
    if (blank == std::string_view::npos) break;
    text.remove_prefix(blank + 1);
  }
  if (words.size() != count || words.front() != format) words.clear();
  return words;
}

std::optional<std::string> decode(std::string_view text, std::size_t size) {
  auto bytes = base::from_base64(text);
  if (!bytes || bytes->size() != size) return std::nullopt;
  return *std::move(bytes);
}

base::Error cannot(std::string_view doing, const std::filesystem::path& path) {
  return {ErrorCode::kInvalidRequest, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(errno))};
}

/// Whole or not at all, with these permissions from the first moment on.
base::Result<void> write_file(const std::filesystem::path& path, std::string_view text, mode_t mode, bool replaces) {
  const auto temporary = replaces ? std::filesystem::path(path.string() + ".tmp") : path;
  if (replaces) ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) {
    if (errno == EEXIST)
      return base::fail(ErrorCode::kConflict, fmt::format("{} is there already", path.string()),
                        "Choose another name: whoever loses a signing key can sign no more in its name.");
    return tl::unexpected(cannot("write", path));
  }
  const auto written = ::write(fd, text.data(), text.size());
  const bool is_whole = written == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!is_whole || (replaces && ::rename(temporary.c_str(), path.c_str()) != 0))
    return tl::unexpected(cannot("write", path));
  return {};
}

}  // namespace

base::Result<void> check_public_key(std::string_view text) {
  if (decode(text, crypto_sign_PUBLICKEYBYTES)) return {};
  return base::fail(ErrorCode::kInvalidConfig, fmt::format("\"{}\" is no public key", text),
                    "Give the text of a .pub file that `toolrack keygen` has made.");
}

bool Trust::covers(std::string_view signer) const {
  return !is_required || std::ranges::find(keys, signer) != keys.end();
}

std::string stamp_signature(const std::string& path) {
  struct stat status {};
  if (::stat((path + std::string(kSignatureSuffix)).c_str(), &status) != 0) return {};
  return fmt::format("{}:{}:{}:{}", status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

LoadResult<std::string> signed_digest(const std::string& path) {
  if (path.ends_with(kManifestSuffix)) {
    auto checked = check_manifest_file(path);
    if (!checked) return tl::unexpected(checked.error());
    return checked->elf.build_id;
  }
  std::ifstream file(path, std::ios::binary);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::array<char, 64 << 10> block{};
  while (file.read(block.data(), block.size()) || file.gcount() > 0)
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(block.data()),
                              static_cast<unsigned long long>(file.gcount()));
  if (!file.eof()) return load_fail(LoadCode::kPermissions, "it cannot be read");
  base::Sha256 digest{};
  crypto_hash_sha256_final(&state, digest.data());
  return base::to_hex(base::as_bytes(digest));
}

LoadResult<std::string> check_signature(const std::string& path, std::string_view digest,
                                        const std::vector<std::string>& trusted) {
  const auto command = fmt::format("toolrack sign --key KEY {}", as_shell_word(path));
  const auto text = read_small(path + std::string(kSignatureSuffix));
  if (!text)
    return load_fail(LoadCode::kSignature,
                     fmt::format("it has no signature beside it. Its author makes one with: {}", command));
  const auto words = words_of(*text, kSignatureFormat, 3);
  const auto key = words.empty() ? std::nullopt : decode(words[1], crypto_sign_PUBLICKEYBYTES);
  const auto signature = words.empty() ? std::nullopt : decode(words[2], crypto_sign_BYTES);
  if (!key || !signature)
    return load_fail(LoadCode::kSignature, fmt::format("{}{} is no signature. Its author makes one with: {}", path,
                                                       kSignatureSuffix, command));
  const auto message = message_of(digest);
  if (crypto_sign_verify_detached(bytes_of(*signature), bytes_of(message), message.size(), bytes_of(*key)) != 0)
    return load_fail(
        LoadCode::kSignature,
        fmt::format(
            "it is not what was signed: it, or the signature, is of another build. Its author signs it with: {}",
            command));
  if (std::ranges::find(trusted, words[1]) == trusted.end())
    return load_fail(
        LoadCode::kSignature,
        fmt::format("it is signed by a key that this rack does not trust. Who trusts its holder adds \"{}\" "
                    "to \"trusted_keys\" of the configuration, and has it read again (kill -HUP)",
                    words[1]));
  return std::string(words[1]);
}

base::Result<std::string> make_signing_key(const std::filesystem::path& file) {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> shared{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_keypair(shared.data(), secret.data());
  const auto text_of = [](const auto& bytes) {
    return base::to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  auto key = fmt::format("{} {}\n", kKeyFormat, text_of(secret));
  auto written = write_file(file, key, S_IRUSR | S_IWUSR, false);
  sodium_memzero(secret.data(), secret.size());
  sodium_memzero(key.data(), key.size());
  TRY(written);
  auto public_key = text_of(shared);
  TRY(write_file(file.string() + ".pub", public_key + "\n", S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, true));
  return public_key;
}

base::Result<std::string> sign_plugin(const std::filesystem::path& key_file, const std::string& plugin) {
  auto text = read_small(key_file);
  if (!text) return tl::unexpected(cannot("read", key_file));
  const auto words = words_of(*text, kKeyFormat, 2);
  auto secret = words.empty() ? std::nullopt : decode(words[1], crypto_sign_SECRETKEYBYTES);
  sodium_memzero(text->data(), text->size());
  if (!secret)
    return base::fail(ErrorCode::kInvalidRequest, fmt::format("{} is no signing key", key_file.string()),
                      "Make one with `toolrack keygen FILE`, and give FILE, not FILE.pub.");
  const auto checked = plugin.ends_with(kManifestSuffix) ? check_manifest_file(plugin) : check_file(plugin, false);
  if (!checked)
    return base::fail(
        ErrorCode::kInvalidManifest,
        fmt::format("{} would not be served: {}: {}", plugin, checked.error().name(), checked.error().message()),
        std::string(checked.error().remedy()));
  const auto digest = signed_digest(plugin);
  if (!digest) return base::fail(ErrorCode::kInvalidRequest, fmt::format("{}: {}", plugin, digest.error().message()));
  const auto message = message_of(*digest);
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes_of(message), message.size(), bytes_of(*secret));
  // The public key is the second half of the secret one (libsodium, "Public-key signatures").
  auto public_key = base::to_base64(std::string_view(*secret).substr(crypto_sign_SEEDBYTES));
  sodium_memzero(secret->data(), secret->size());
  TRY(write_file(plugin + std::string(kSignatureSuffix),
                 fmt::format("{} {} {}\n", kSignatureFormat, public_key,
                             base::to_base64({reinterpret_cast<const char*>(signature.data()), signature.size()})),
                 S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, true));
  return public_key;
}

}  // namespace toolrack::sources::native

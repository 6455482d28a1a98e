/// Who vouches for a plugin file: an Ed25519 signature in "<file>.sig" beside it.
///
/// The signature file is one line, "toolrack-signature-1 <public key> <signature>", both in base64. Signed is the text
/// "toolrack-plugin-1\n<SHA-256 of the file, in hex>\n"; of a "*.tool.json" with documents beside it the digest is over
/// all of them. A key is who holds it: the rack has a list of those that it trusts.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

inline constexpr std::string_view kSignatureSuffix = ".sig";

/// Whom a rack asks for the plugins that do not ship with it.
struct Trust {
  bool is_required = false;       ///< Each needs a signature.
  std::vector<std::string> keys;  ///< By one of these.
  /// Is a signature by that key (empty: none was asked for) enough?
  bool covers(std::string_view signer) const;
};

/// A public key as it is written into a configuration: 32 bytes in base64. kInvalidConfig when it is none.
base::Result<void> check_public_key(std::string_view text);

/// Tells whether the signature beside `path` is still what it was; empty when there is none.
std::string stamp_signature(const std::string& path);

/// "SHA-256 in hex" of what a signature of that file covers.
LoadResult<std::string> signed_digest(const std::string& path);

/// The key by which `digest` is signed beside `path`; it is one of `trusted`. kSignature says what is missing and gives
/// the command that makes it good.
LoadResult<std::string> check_signature(const std::string& path, std::string_view digest,
                                        const std::vector<std::string>& trusted);

/// Makes a key: `file` (0600, for its owner alone) and "<file>.pub". Returns the public key. kConflict when `file` is
/// there.
base::Result<std::string> make_signing_key(const std::filesystem::path& file);

/// Writes "<plugin>.sig" with the key of `key_file`, in place of the one that is there. Returns the public key.
base::Result<std::string> sign_plugin(const std::filesystem::path& key_file, const std::string& plugin);

}  // namespace toolrack::sources::native

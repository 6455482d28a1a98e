#include "sources/native/load_error.hpp"

#include <array>

namespace toolrack::sources::native {
namespace {

using enum LoadCode;

// clang-format off
constexpr std::array kTable{
    LoadErrorInfo{kTruncated, "E_TRUNCATED", "Copy the file again, under another name first and then renamed, so that it appears whole."},
    LoadErrorInfo{kNotElf, "E_NOT_ELF", "Put only shared libraries named *.so into the plugin directory."},
    LoadErrorInfo{kArch, "E_ARCH", "Build the plugin for this machine's architecture."},
    LoadErrorInfo{kNoManifest, "E_NO_MANIFEST", "Build it with toolrack_add_plugin(... MANIFEST manifest.json ...), which embeds the one manifest."},
    LoadErrorInfo{kManifest, "E_MANIFEST", "Correct the named places of the manifest and build the plugin again; `toolrack validate` checks a manifest."},
    LoadErrorInfo{kManifestNewer, "E_MANIFEST_NEWER", "Update Toolrack, or build the plugin with an older manifest version."},
    LoadErrorInfo{kAbiMajor, "E_ABI_MAJOR", "Build the plugin with the SDK of this Toolrack."},
    LoadErrorInfo{kHostTooOld, "E_HOST_TOO_OLD", "Update Toolrack, or build the plugin with a lower min_host_minor."},
    LoadErrorInfo{kUndefinedSymbol, "E_UNDEFINED_SYMBOL", "Link the plugin with -z defs against everything it uses, and install the libraries it needs."},
    LoadErrorInfo{kUniqueSymbols, "E_UNIQUE_SYMBOLS", "Build it with toolrack_add_plugin, or with -fvisibility=hidden -fno-gnu-unique."},
    LoadErrorInfo{kNoEntry, "E_NO_ENTRY", "Export toolrack_entry_v1; in C++ write TOOLRACK_PLUGIN(YourClass)."},
    LoadErrorInfo{kDuplicateId, "E_DUPLICATE_ID", "Remove one of the two files, or give one of them another version."},
    LoadErrorInfo{kNameClash, "E_NAME_CLASH", "Give one of the two tools another prefix, name or alias in its manifest."},
    LoadErrorInfo{kCreate, "E_CREATE", "Read the plugin's message; its create() refused to make an instance, or a static constructor failed."},
    LoadErrorInfo{kStart, "E_START", "Read the plugin's message and correct its configuration; its start() refused."},
    LoadErrorInfo{kPermissions, "E_PERMISSIONS", "Let root or the service user own the file and its directory, and be able to read both, and run chmod go-w on both."},
    LoadErrorInfo{kState, "E_STATE", "Restart Toolrack, which checks the file anew, or put the former file back."},
    LoadErrorInfo{kDlopen, "E_DLOPEN", "Read the dynamic linker's message; `ldd` on the file shows which library is missing."},
    LoadErrorInfo{kUnsafeMemory, "E_UNSAFE_MEMORY", "Build it with toolrack_add_plugin, or compile with -fPIC and link with -z noexecstack."},
    LoadErrorInfo{kTimeout, "E_TIMEOUT", "Let the plugin's static constructors, create(), start() and stop() return at once and wait elsewhere; restart Toolrack when it does not recover."},
    LoadErrorInfo{kCopy, "E_COPY", "Make room for the runtime folder that is named, and let the service user write there."},
    LoadErrorInfo{kSignature, "E_SIGNATURE", "Have the file signed by somebody whose key stands in \"trusted_keys\", or set \"require_signature\" to false if you trust whoever may write to its folder."},
    LoadErrorInfo{kIncompatible, "E_INCOMPATIBLE", "Keep what the named places took, or give it a new major version; `toolrack plugins reload --force TOOL@VERSION` serves it all the same."},
    LoadErrorInfo{kWorker, "E_WORKER", "Read how its process ended; run the plugin in_process under a debugger when that does not tell enough."},
    LoadErrorInfo{kSandbox, "E_SANDBOX", "Run Toolrack on a kernel with Landlock and seccomp, or set isolation.sandbox to best_effort."},
};
// clang-format on

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (kTable[i].code != static_cast<LoadCode>(i)) return false;
  return kTable.size() == static_cast<std::size_t>(kSandbox) + 1;
}
static_assert(table_is_in_order(), "rows stand in the order of the enum, none is missing");

}  // namespace

const LoadErrorInfo& info(LoadCode code) noexcept { return kTable[static_cast<std::size_t>(code)]; }

std::span<const LoadErrorInfo> all_load_errors() noexcept { return kTable; }

base::Error LoadError::to_error(std::string_view tool) const {
  std::string text = "the plugin of ";
  text.append(tool).append(" does not run: ").append(name()).append(": ").append(message_);
  return {base::ErrorCode::kPluginFailed, std::move(text), std::string(remedy())};
}

}  // namespace toolrack::sources::native

#include "sources/native/signature.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Signatures : public NativeFixture {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(plugins());
    settings.require_signature = true;
    settings.trusted_keys = {make_key("key")};
  }
  std::filesystem::path at(const std::string& name) const { return directory.path() / name; }
  std::string make_key(const std::string& name) {
    const auto made = make_signing_key(at(name));
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or("");
  }
  void sign(const std::filesystem::path& plugin, const std::string& key = "key") {
    const auto signed_by = sign_plugin(at(key), plugin.string());
    ASSERT_TRUE(signed_by) << signed_by.error().message();
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  /// As `kill -HUP` has it done.
  const ScanResult& look_again() {
    ScanOptions again;
    again.retries_failed = true;
    result = source->scan({{plugins(), false}}, again);
    return result;
  }
  /// What a scan says of the plugin "plain".
  std::string refusal() {
    scan();
    EXPECT_THAT(result.tools, IsEmpty());
    const auto one = row("plain");
    EXPECT_EQ(one.code, "E_SIGNATURE");
    return one.message;
  }
};

TEST_F(Signatures, LetAPluginServe) {
  sign(install("plain"));
  open();
  ASSERT_THAT(result.tools, SizeIs(1));
  EXPECT_EQ(call("plain", "echo", R"({"n":1})").output, R"({"n":1})");
}

TEST_F(Signatures, AreAskedForOfWhatDoesNotShipWithTheProgram) {
  const auto path = install("plain");
  open();
  EXPECT_THAT(refusal(), HasSubstr("toolrack sign --key KEY " + path.string()));
  ScanOptions again;
  again.retries_failed = true;
  EXPECT_THAT(source->scan({{plugins(), true}}, again).tools, SizeIs(1)) << "bundled";
}

TEST_F(Signatures, CountAsSoonAsTheyAreThere) {
  const auto path = install("plain");
  open();
  EXPECT_THAT(result.tools, IsEmpty());
  sign(path);
  scan();
  EXPECT_THAT(result.tools, SizeIs(1));
}

TEST_F(Signatures, CountOnlyByTrustedKeys) {
  const auto stranger = make_key("stranger");
  sign(install("plain"), "stranger");
  open();
  EXPECT_THAT(refusal(), HasSubstr("\"" + stranger + "\" to \"trusted_keys\""));
}

TEST_F(Signatures, CountAsSoonAsTheirKeyIsTrusted) {
  const auto stranger = make_key("stranger");
  sign(install("plain"), "stranger");
  open();
  EXPECT_THAT(result.tools, IsEmpty());
  auto before = source->set_trust({.is_required = true, .keys = {stranger}});
  EXPECT_EQ(before.keys, settings.trusted_keys);
  EXPECT_THAT(look_again().tools, SizeIs(1));
  EXPECT_EQ(call("plain", "echo", R"({"n":1})").output, R"({"n":1})");
}

TEST_F(Signatures, CountNoMoreWhenTheirKeyIsNotTrustedAnyMore) {
  sign(install("plain"));
  open();
  EXPECT_EQ(call("plain", "echo").code(), "ok");
  source->set_trust({.is_required = true, .keys = {make_key("other")}});
  look_again();
  EXPECT_THAT(result.tools, IsEmpty());
  EXPECT_THAT(result.removed, SizeIs(1));
  EXPECT_EQ(row("plain").code, "E_SIGNATURE");
  drain(std::move(result.retired));
}

/// What a faulty file was before goes on, but only as long as that was signed by somebody who is trusted.
TEST_F(Signatures, CountNoMoreForWhatWasThereBeforeAFaultyFile) {
  const auto path = install("plain");
  sign(path);
  open();
  EXPECT_EQ(call("plain", "echo").code(), "ok");
  write(path, "no library");
  EXPECT_THAT(look_again().tools, SizeIs(1));
  source->set_trust({.is_required = true, .keys = {make_key("other")}});
  EXPECT_THAT(look_again().tools, IsEmpty());
  drain(std::move(result.retired));
}

TEST_F(Signatures, AreAskedForOfWhatServesWhenTheyAreRequiredFromNowOn) {
  settings.require_signature = false;
  install("plain");
  sign(install("http"));
  open();
  EXPECT_THAT(result.tools, SizeIs(2));
  source->set_trust({.is_required = true, .keys = settings.trusted_keys});
  look_again();
  ASSERT_THAT(result.tools, SizeIs(1));
  EXPECT_EQ(result.tools.front()->slug, "http");
  EXPECT_EQ(row("plain").code, "E_SIGNATURE");
  drain(std::move(result.retired));
  source->set_trust({.is_required = false, .keys = {}});
  EXPECT_THAT(look_again().tools, SizeIs(2));
}

TEST_F(Signatures, AreOfEveryByte) {
  const auto path = install("plain");
  sign(path);
  auto bytes = read(path);
  // Into padding, so that the file stays a plugin with the same build id and manifest.
  bytes += "more";
  write(path, bytes);
  open();
  EXPECT_THAT(refusal(), HasSubstr("it is not what was signed"));
}

TEST_F(Signatures, AreOfOneFile) {
  sign(install("plain"));
  install("http", "plain");
  open();
  EXPECT_THAT(refusal(), HasSubstr("it is not what was signed"));
}

TEST_F(Signatures, AreRefusedWhenTheyAreNone) {
  const auto path = install("plain");
  sign(path);
  const auto file = path.string() + ".sig";
  const auto good = read(file);
  for (const auto& bad : {std::string(), std::string("x"), good.substr(0, good.size() / 2), "\n" + good,
                          "toolrack-signature-2" + good.substr(20), std::string(100'000, 'a')}) {
    write(file, bad);
    if (source == nullptr) open();
    EXPECT_THAT(refusal(), HasSubstr("signature")) << bad.substr(0, 50);
  }
}

TEST_F(Signatures, HoldUntilTheFirstCall) {
  const auto path = install("plain");
  sign(path);
  open();
  ASSERT_THAT(result.tools, SizeIs(1));
  auto bytes = read(path);
  write(path, bytes + "more");  // In place: whoever wrote it kept name, build id and manifest.
  const auto answer = call("plain", "echo");
  EXPECT_EQ(answer.code(), "plugin_failed");
  ASSERT_TRUE(answer.error);
  EXPECT_THAT(answer.error->message(), HasSubstr("is not the file whose signature was checked"));
}

TEST_F(Signatures, AreMadeByACommandThatCanBePasted) {
  const auto refused = check_signature("/srv/my tool's.so", "", {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr(R"(toolrack sign --key KEY '/srv/my tool'\''s.so')"));
}

TEST_F(Signatures, KeepTheKeyForItsOwner) {
  struct stat status {};
  ASSERT_EQ(::stat(at("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(read(at("key.pub")), settings.trusted_keys[0] + "\n");
  const auto again = make_signing_key(at("key"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), base::ErrorCode::kConflict);
}

TEST_F(Signatures, AreMadeOfPluginsWithKeysOnly) {
  const auto plugin = install("plain");
  const auto with_public_key = sign_plugin(at("key.pub"), plugin.string());
  ASSERT_FALSE(with_public_key);
  EXPECT_THAT(with_public_key.error().message(), HasSubstr("is no signing key"));
  write(at("text.so"), "no plugin");
  EXPECT_FALSE(sign_plugin(at("key"), at("text.so").string()));
  EXPECT_FALSE(sign_plugin(at("nothing"), plugin.string()));
  EXPECT_FALSE(check_public_key("AAAA"));
  EXPECT_TRUE(check_public_key(settings.trusted_keys[0]));
}

}  // namespace
}  // namespace toolrack::sources::native

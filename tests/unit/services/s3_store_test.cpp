#include "services/assets/s3/s3_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "services/assets/asset.hpp"
#include "services/assets/s3/s3_xml.hpp"
#include "support/fake_clock.hpp"
#include "unit/services/fake_bucket.hpp"

namespace toolrack::services::assets::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::size_t kMiB = 1 << 20;

class S3Stores : public ::testing::Test {
 protected:
  S3Settings settings() const {
    S3Settings settings;
    settings.endpoint = bucket_.server.url("/");
    settings.bucket = "files";
    settings.prefix = "rack/";
    return settings;
  }
  std::unique_ptr<S3Client> client(S3Settings settings) {
    return S3Client::create(std::move(settings), {.id = "id", .secret = "secret", .session_token = {}}, clock_,
                            metrics_)
        .value();
  }
  std::unique_ptr<S3Store> open() { return S3Store::open_bucket(client(settings()), "this rack").value(); }
  /// Kept under `id`, appended in pieces that fit nothing.
  static base::Result<void> put(S3Store& store, const std::string& id, std::string_view bytes) {
    const auto writer = TRY(store.write(id, "text/plain"));
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 700'001)))
      TRY(writer->append(bytes.substr(0, 700'001)));
    return writer->commit();
  }
  static std::string pattern(std::size_t bytes) {
    std::string text(bytes, ' ');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
    return text;
  }
  std::size_t requests(std::string_view method) const {
    return static_cast<std::size_t>(
        std::ranges::count(bucket_.server.requests(), method, &test::RecordedRequest::method));
  }

  testing::FakeBucket bucket_{"files"};
  testing::FakeClock clock_;
  base::Metrics metrics_;
  const std::string id_ = make_asset_id();
};

TEST_F(S3Stores, KeepsASmallAssetInOneRequest) {
  const auto store = open();
  const auto before = bucket_.server.requests().size();
  ASSERT_TRUE(put(*store, id_, "hello"));
  EXPECT_EQ(bucket_.server.requests().size(), before + 1);
  EXPECT_THAT(bucket_.objects(),
              UnorderedElementsAre(Pair("rack/toolrack-rack", "this rack"), Pair("rack/" + id_, "hello")));
  const auto reader = store->open(id_).value();
  EXPECT_EQ(reader->read(0, 100), "hello");
  EXPECT_EQ(reader->read(1, 3), "ell");
  EXPECT_EQ(reader->read(5, 100), "");
  ASSERT_TRUE(put(*store, make_asset_id(), ""));
}

TEST_F(S3Stores, KeepsALargeAssetInPartsAndReadsItAhead) {
  const auto store = open();
  const auto bytes = pattern(11 * kMiB + 17);
  ASSERT_TRUE(put(*store, id_, bytes));
  EXPECT_EQ(bucket_.objects().at("rack/" + id_), bytes);
  EXPECT_EQ(bucket_.open_uploads(), 0u);
  const auto reader = store->open(id_).value();
  std::string read;
  const auto before = requests("GET");
  while (read.size() < bytes.size()) read += reader->read(read.size(), 128 << 10).value();
  EXPECT_EQ(read, bytes);
  EXPECT_EQ(requests("GET") - before, 12u) << "a mebibyte at once";
}

TEST_F(S3Stores, MakesPartsOfFiveMebibytesToTheByte) {
  const auto store = open();
  for (const auto size : {5 * kMiB - 1, 5 * kMiB, 5 * kMiB + 1, 10 * kMiB}) {
    const auto id = make_asset_id();
    const auto bytes = pattern(size);
    ASSERT_TRUE(put(*store, id, bytes));
    EXPECT_TRUE(bucket_.objects().at("rack/" + id) == bytes) << size;
  }
}

TEST_F(S3Stores, LeavesNothingOfAnAssetThatIsGivenUp) {
  const auto store = open();
  {
    const auto writer = store->write(id_, "text/plain").value();
    ASSERT_TRUE(writer->append(pattern(6 * kMiB)));
    EXPECT_EQ(bucket_.open_uploads(), 1u);
  }
  EXPECT_EQ(bucket_.open_uploads(), 0u);
  EXPECT_THAT(bucket_.objects(), ElementsAre(Key("rack/toolrack-rack")));
}

TEST_F(S3Stores, TriesAgainWhatAServerInTroubleDidNotTake) {
  const auto store = open();
  bucket_.interrupt("PUT", 2, test::Reply::text("<Error><Code>SlowDown</Code></Error>", 503));
  EXPECT_TRUE(put(*store, id_, "hello"));
  bucket_.interrupt("GET", 1, test::Reply::hang_up());
  EXPECT_EQ(store->open(id_).value()->read(0, 5), "hello");
  bucket_.lose_answer_of_completion();
  const auto large = make_asset_id();
  EXPECT_TRUE(put(*store, large, pattern(6 * kMiB))) << "it was completed; only the answer was lost";
}

TEST_F(S3Stores, SaysWhatTheServerSaid) {
  const auto store = open();
  bucket_.interrupt(
      "PUT", 1, test::Reply::text("<Error><Code>AccessDenied</Code><Message>No &amp; never.</Message></Error>", 403));
  const auto denied = put(*store, id_, "hello");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code(), base::ErrorCode::kStoreFailed);
  EXPECT_THAT(denied.error().message(), HasSubstr("403 AccessDenied: No & never."));
  EXPECT_THAT(std::string(denied.error().hint()), HasSubstr("assets-s3"));
  bucket_.interrupt("PUT", 9, test::Reply::text("no XML at all <", 500));
  EXPECT_THAT(put(*store, id_, "hello").error().message(), HasSubstr("500"));
  bucket_.interrupt("PUT", 0, test::Reply::hang_up());
  EXPECT_FALSE(store->open(id_)) << "there is nothing of it";
}

TEST_F(S3Stores, DropsWhatNoRecordNamesAndNothingOfOthers) {
  auto store = open();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(make_asset_id());
  for (const auto& id : ids) ASSERT_TRUE(put(*store, id, "kept"));
  bucket_.put("rack/notes.txt", "somebody's");
  bucket_.put("other/" + ids[0], "another rack's");
  const auto given_up = client(settings());
  ASSERT_TRUE(given_up->begin_upload(make_asset_id(), "text/plain"));
  const auto dropped =
      store->recover([&](std::string_view id) -> base::Result<bool> { return id == ids[1] || id == ids[3]; });
  ASSERT_TRUE(dropped) << dropped.error().message();
  EXPECT_EQ(*dropped, 3u);
  EXPECT_EQ(bucket_.open_uploads(), 0u);
  EXPECT_THAT(bucket_.objects(),
              UnorderedElementsAre(Key("rack/" + ids[1]), Key("rack/" + ids[3]), Key("rack/notes.txt"),
                                   Key("rack/toolrack-rack"), Key("other/" + ids[0])));
}

TEST_F(S3Stores, LetOneRackHaveAPrefix) {
  EXPECT_TRUE(open());
  EXPECT_TRUE(open()) << "the same rack again";
  const auto other = S3Store::open_bucket(client(settings()), "another rack");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), base::ErrorCode::kInvalidConfig);
  EXPECT_THAT(std::string(other.error().hint()), HasSubstr("assets.s3.prefix"));
  auto beside = settings();
  beside.prefix = "beside/";
  EXPECT_TRUE(S3Store::open_bucket(client(beside), "another rack"));
}

TEST_F(S3Stores, RemoveWhatIsThereAndWhatIsNot) {
  const auto store = open();
  ASSERT_TRUE(put(*store, id_, "hello"));
  EXPECT_TRUE(store->remove(id_));
  EXPECT_TRUE(store->remove(id_));
  EXPECT_THAT(bucket_.objects(), ElementsAre(Key("rack/toolrack-rack")));
}

TEST_F(S3Stores, SendCallersOnOnlyWhenTheyAreToldTo) {
  EXPECT_FALSE(open()->link(id_, {.media_type = "text/plain", .disposition = "inline"}));
  auto redirecting = settings();
  redirecting.redirects = true;
  const auto store = S3Store::open_bucket(client(redirecting), "this rack").value();
  const auto link = store->link(id_, {.media_type = "text/html", .disposition = "attachment; filename*=UTF-8''a"});
  ASSERT_TRUE(link);
  EXPECT_THAT(*link, HasSubstr("/files/rack/" + id_ + "?"));
  EXPECT_THAT(*link, HasSubstr("response-content-disposition=attachment%3B%20filename"));
  EXPECT_THAT(*link, HasSubstr("X-Amz-Expires=60"));
}

TEST_F(S3Stores, RefuseAnEndpointThatIsNoServer) {
  for (const auto* endpoint :
       {"", "s3.example.com", "ftp://s3.example.com", "https://s3.example.com/path", "https://a?b"}) {
    auto wrong = settings();
    wrong.endpoint = endpoint;
    const auto made = S3Client::create(wrong, {}, clock_, metrics_);
    ASSERT_FALSE(made) << endpoint;
    EXPECT_EQ(made.error().code(), base::ErrorCode::kInvalidConfig);
  }
}

TEST(S3Xml, TakesWhatItCannotReadAsNotSaid) {
  for (const auto* text : {"", "{}", "<", "<Error>", "<a/>", "<Error><Code/></Error>"}) {
    EXPECT_EQ(read_error(text).code, "") << text;
    EXPECT_EQ(read_upload_id(text), "") << text;
    EXPECT_FALSE(read_listing(text)) << text;
    EXPECT_THAT(read_uploads(text), IsEmpty()) << text;
  }
  EXPECT_EQ(write_parts({"\"a\"", "<&>"}),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part><Part><PartNumber>2</"
            "PartNumber><ETag>&lt;&amp;&gt;</ETag></Part></CompleteMultipartUpload>");
}

}  // namespace
}  // namespace toolrack::services::assets::s3

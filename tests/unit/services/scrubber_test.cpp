#include "services/upstream/scrubber.hpp"

#include <gtest/gtest.h>

namespace toolrack::services::upstream {
namespace {

TEST(Scrubber, HidesASecretHoweverItIsCut) {
  const std::string secret = "aabaabaaac";  // Begins again inside itself.
  const std::string text = "x aabaab" + secret + " y " + secret + secret + "aabaa";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      Scrubber scrubber({secret});
      auto out = scrubber.feed(std::string_view(text).substr(0, first));
      out += scrubber.feed(std::string_view(text).substr(first, second - first));
      out += scrubber.feed(std::string_view(text).substr(second));
      out += scrubber.finish();
      ASSERT_EQ(out, "x aabaab********** y ********************aabaa") << first << ", " << second;
    }
  }
}

TEST(Scrubber, HandsOnAtOnceWhatIsNoSecret) {
  Scrubber scrubber({"secret-token"});
  EXPECT_EQ(scrubber.feed("data: 1\n\n"), "data: 1\n\n");
  EXPECT_EQ(scrubber.feed("data: sec"), "data: ");
  EXPECT_EQ(scrubber.feed("ond\n\n"), "second\n\n");
  EXPECT_EQ(scrubber.finish(), "");
}

TEST(Scrubber, HidesTheLongerOfTwoFirst) {
  Scrubber scrubber({"token-with-more", "token-with"});
  std::string text = "token-with-more token-with-les";
  scrubber.hide(text);
  EXPECT_EQ(text, "*************** **********-les");
}

}  // namespace
}  // namespace toolrack::services::upstream

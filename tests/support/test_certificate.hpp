/// Certificates made while a test runs, so that none in the tree can expire.
#pragma once

#include <string>
#include <vector>

namespace toolrack::test {

/// PEM texts. A self-signed one is its own authority: give `certificate` as the CA file to trust it.
struct TestCertificate {
  std::string certificate;
  std::string private_key;

  struct Options {
    std::vector<std::string> names = {"127.0.0.1", "localhost"};  ///< Addresses and host names.
    long valid_from_s = -3600;                                    ///< From now.
    long valid_until_s = 3600;
  };
  static TestCertificate make();
  static TestCertificate make(const Options& options);
};

/// A file that goes with its object; for settings that want a path.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace toolrack::test

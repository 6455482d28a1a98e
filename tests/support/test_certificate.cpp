#include "support/test_certificate.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace toolrack::test {
namespace {

std::string subject_alt_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    char bytes[16];
    const bool is_address =
        inet_pton(AF_INET, name.c_str(), bytes) == 1 || inet_pton(AF_INET6, name.c_str(), bytes) == 1;
    text += (text.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  return text;
}

template <typename Write>
std::string to_pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  write(out.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

TestCertificate TestCertificate::make() { return make(Options{}); }

TestCertificate TestCertificate::make(const Options& options) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  auto* x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  unsigned char serial[4];
  RAND_bytes(serial, sizeof serial);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1 + (serial[0] << 16 | serial[1] << 8 | serial[2]));
  X509_gmtime_adj(X509_getm_notBefore(x509), options.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(x509), options.valid_until_s);
  X509_set_pubkey(x509, key.get());
  auto* name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("toolrack test"), -1, -1,
                             0);
  X509_set_issuer_name(x509, name);
  const auto names = subject_alt_names(options.names);
  for (const auto& [id, value] :
       {std::pair{NID_subject_alt_name, names.c_str()}, {NID_basic_constraints, "critical,CA:TRUE"}}) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (X509_sign(x509, key.get(), EVP_sha256()) == 0) throw std::runtime_error("cannot sign a test certificate");
  return {to_pem([&](BIO* out) { PEM_write_bio_X509(out, x509); }),
          to_pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

TemporaryFile::TemporaryFile(const std::string& content) {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder != nullptr ? folder : "/tmp") + "/toolrack-test-XXXXXX";
  const int file = mkstemp(path_.data());
  if (file < 0) throw std::runtime_error("cannot make a temporary file in " + path_);
  ::close(file);
  std::ofstream(path_) << content;
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

}  // namespace toolrack::test

// Boost.URL without its shared library: the sources, once.
#include <boost/url/src.hpp>

// The lockstep command is one file that runs anywhere: what is linked into it, read from its link
// map and its program headers.
#include <elf.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LockstepBinary, ContainsNoLibtorchAndNoMpi) {
  const std::string map = Read(LOCKSTEP_BINARY_DIR "/lockstep.map");
  ASSERT_NE(map.find("liblockstep_launcher"), std::string::npos) << "this is no link map of ours";
  for (const char* library : {"libtorch", "libc10", "libmpi", "libopen-rte", "libopen-pal",
                              "libcudart", "libnccl", "liblockstep_comm", "liblockstep_train"}) {
    EXPECT_EQ(map.find(library), std::string::npos) << library << " is linked in";
  }
}

TEST(LockstepBinary, NeedsNoSharedLibraryWhenItIsStatic) {
  if (!LOCKSTEP_IS_STATIC)
    GTEST_SKIP() << "this build links lockstep dynamically (LOCKSTEP_STATIC)";
  const std::string binary = Read(LOCKSTEP_BINARY_DIR "/lockstep");
  ASSERT_GT(binary.size(), sizeof(Elf64_Ehdr));
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(binary.data());
  for (int i = 0; i < header->e_phnum; ++i) {
    const auto* part = reinterpret_cast<const Elf64_Phdr*>(binary.data() + header->e_phoff) + i;
    EXPECT_NE(part->p_type, static_cast<Elf64_Word>(PT_INTERP)) << "it asks for a dynamic linker";
  }
  if (LOCKSTEP_IS_RELEASE) {
    EXPECT_LT(binary.size(), 25u << 20);
  }
}

}  // namespace

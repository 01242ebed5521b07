# Cross-builds the addon for Linux on ARM, with Debian's compiler. IABN_SYSROOT has libraries and CMake files
# of Debian's arm64 (tools/arm64).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES IABN_SYSROOT)
set(CMAKE_FIND_ROOT_PATH ${IABN_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
# OpenMP's belongs to the compiler.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Where Gloo's own libraries are looked up when something is linked with it.
set(CMAKE_MODULE_LINKER_FLAGS_INIT
  "-Wl,-rpath-link,${IABN_SYSROOT}/lib/aarch64-linux-gnu:${IABN_SYSROOT}/usr/lib/aarch64-linux-gnu")

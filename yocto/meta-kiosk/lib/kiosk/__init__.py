BBIMPORTS = ["crates"]

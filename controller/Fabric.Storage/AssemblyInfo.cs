using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Fabric.Storage.Tests")]

using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Fabric.Controller.Tests")]
